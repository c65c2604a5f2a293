import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DESCRIPTION_SECTION } from "../../../detectors/module-format.ts";
import { loadModule } from "../../../detectors/runtime/module.ts";
import { startPool } from "../../../detectors/runtime/pool.ts";
import { fakeModule, withCustomSection } from "../fake-modules.ts";
import { SMALL_MODEL } from "../scripted-detector.ts";
import { mutatedBytes } from "./mutate-bytes.ts";
import { mutatedTree } from "./mutate-tree.ts";
import { refusesAnswer, refusesModel } from "./refusals.ts";
import { acceptedUnless, type FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

const WORDS = wordsOf(
  "wasi_snapshot_preview1",
  "path_open",
  "memory",
  "frame",
  '{"abi":1}',
  "sabrewing",
  "\x00asm",
);
const START_WITHIN_MS = 1_000;

/** The module loader: mutants of a module's bytes and of its description. Nothing is run. */
export function moduleTarget(): FuzzTarget {
  const path = mutantPath();
  const make = moduleMutants();
  return {
    make,
    close: () => rmSync(dirname(path), { recursive: true }),
    feed(bytes) {
      writeFileSync(path, bytes as Uint8Array);
      return acceptedUnless(refusesModel, () => loadModule(path));
    },
  };
}

/** Opening a detector: what the loader lets through is started in a thread and asked about a frame. */
export function openingTarget(): FuzzTarget {
  const path = mutantPath();
  const make = moduleMutants();
  let turn = 0;
  return {
    make,
    close: () => rmSync(dirname(path), { recursive: true }),
    feed(bytes) {
      writeFileSync(path, bytes as Uint8Array);
      const runtime = turn++ % 4 === 0 ? "wasmer" : "v8";
      const refuses = (error: unknown) => refusesModel(error) || refusesAnswer(error);
      return acceptedUnless(refuses, async () => {
        const options = { runtime, instances: 1, deadlineMs: START_WITHIN_MS } as const;
        await using detector = await startPool(await loadModule(path), options, START_WITHIN_MS);
        const { width, height } = detector.model.input;
        await detector.detect(new Uint8Array(width * height * 3).fill(114), { score: 0.5, iou: 0.5 });
      });
    },
  };
}

function moduleMutants(): FuzzTarget["make"] {
  const whole = fakeModule();
  const undescribed = fakeModule({ description: null });
  const { sha256: _, bytes: _b, memoryBytes: _m, imports: _i, ...description } = SMALL_MODEL;
  return (random) => {
    if (random() < 0.6) return mutatedBytes(whole, random, WORDS);
    const json = JSON.stringify(mutatedTree(description, random)) ?? "";
    return withCustomSection(undescribed, DESCRIPTION_SECTION, new TextEncoder().encode(json));
  };
}

function mutantPath(): string {
  return join(mkdtempSync(join(tmpdir(), "sabrewing-fuzz-")), "mutant.wasm");
}
