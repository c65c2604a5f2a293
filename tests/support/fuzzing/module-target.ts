import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ModuleInfo, Runtime, Tensor } from "../../../detectors/detector.ts";
import { DESCRIPTION_SECTION, elementsOf, type TensorSpec } from "../../../detectors/module-format.ts";
import { loadDetector, loadModule } from "../../../detectors/runtime/module.ts";
import { startDetector } from "../../../detectors/runtime/open-detector.ts";
import { openModule } from "../../../detectors/runtime/open-module.ts";
import { tensorArray } from "../../../detectors/runtime/tensors.ts";
import { fakeDescription, fakeModule, withCustomSection } from "../detectors/fake-modules.ts";
import { MIXED, mixedModule } from "../detectors/tensor-module.ts";
import { mutatedDescription } from "./description-mutants.ts";
import { at, mutatedBytes } from "./mutate-bytes.ts";
import { refusesAnswer, refusesModel } from "./refusals.ts";
import { acceptedUnless, type FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

const WORDS = wordsOf(
  "wasi_snapshot_preview1",
  "path_open",
  "memory",
  "input_0",
  '{"abi":2}',
  "sabrewing",
  "\x00asm",
);
const START_WITHIN_MS = 1_000;

/** The module loader: mutants of a module's bytes, description and sections. The modules are not run. */
export function moduleTarget(): FuzzTarget {
  return fileTarget((path) =>
    acceptedUnless(refusesModel, async () => requirePlainTexts((await loadModule(path)).info)),
  );
}

/** Opening a detector: modules that the loader accepts run one inference in a thread. */
export function openingTarget(): FuzzTarget {
  return runningTarget(async (path, runtime) => {
    const options = { runtime, instances: 1, deadlineMs: START_WITHIN_MS } as const;
    await using detector = await startDetector(await loadDetector(path), options, START_WITHIN_MS);
    const { width, height } = detector.model.input;
    await detector.detect(new Uint8Array(width * height * 3).fill(114), { score: 0.5, iou: 0.5 });
  });
}

/** Opening a module of any task: what the loader accepts answers a request of its own inputs, or fails as documented. */
export function inferringTarget(): FuzzTarget {
  return runningTarget(async (path, runtime) => {
    await using module = await openModule(path, { runtime, deadlineMs: START_WITHIN_MS });
    const { inputs, outputs } = module.info;
    const answer = await module.inferTensors(inputs.map((spec) => tensorArray(spec.dtype, elementsOf(spec))));
    for (const [index, spec] of outputs.entries()) requireShape(answer.outputs[index], spec);
  });
}

/** Mutants of modules that run, every fourth in Wasmer. */
function runningTarget(run: (path: string, runtime: Runtime) => Promise<void>): FuzzTarget {
  let turn = 0;
  const refuses = (error: unknown) => refusesModel(error) || refusesAnswer(error);
  return fileTarget((path) => {
    const runtime = turn++ % 4 === 0 ? "wasmer" : "v8";
    return acceptedUnless(refuses, () => run(path, runtime));
  });
}

/** Mutants of modules in a file. @param feed returns whether the module is accepted */
function fileTarget(feed: (path: string) => Promise<boolean>): FuzzTarget {
  const path = mutantPath();
  return {
    make: moduleMutants(),
    close: () => rmSync(dirname(path), { recursive: true }),
    feed(bytes) {
      writeFileSync(path, bytes as Uint8Array);
      return feed(path);
    },
  };
}

/** @throws Error, a finding: an output of another type or length than the description states. */
function requireShape(output: Tensor | undefined, spec: TensorSpec): void {
  const length = output?.shape.reduce((product, side) => product * side, 1);
  const fits = output?.dtype === spec.dtype && output.data.length === length && length <= elementsOf(spec);
  if (!fits)
    throw new Error(`the output ${JSON.stringify(spec.name)} was ${output?.dtype} [${output?.shape}]`);
}

function moduleMutants(): FuzzTarget["make"] {
  const whole = fakeModule();
  const undescribed = fakeModule({ description: null });
  const tensors = mixedModule();
  const descriptions = [{ ...fakeDescription(8, 4), release: 3 }, MIXED];
  return (random) => {
    const kind = random();
    if (kind < 0.45) return mutatedBytes(kind < 0.3 ? whole : tensors, random, WORDS);
    const description = descriptions[at(random, descriptions.length)] ?? {};
    const json = new TextEncoder().encode(mutatedDescription(description, random));
    const described = withCustomSection(undescribed, DESCRIPTION_SECTION, json);
    return kind < 0.9 ? described : withSections(described, random);
  };
}

/** More custom sections: another description, many small ones, or large ones. */
function withSections(bytes: Uint8Array, random: () => number): Uint8Array {
  const name = at(random, 3) === 0 ? DESCRIPTION_SECTION : "x".repeat(at(random, 4) ** 6);
  const content = new Uint8Array(at(random, 8) === 0 ? 20 * 2 ** 20 : at(random, 100));
  const section = withCustomSection(new Uint8Array(), name, content);
  const count = content.length > 100 ? 1 : at(random, 2) * at(random, 5_000) + 1;
  return Buffer.concat([bytes, ...Array<Uint8Array>(count).fill(section)]);
}

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** What is let in holds no text that a host could not show. @throws Error: a finding */
function requirePlainTexts(info: ModuleInfo): void {
  const { name, labels = [], features, source, compiler, inputs, outputs, parameters } = info;
  const named = [...inputs, ...outputs, ...parameters];
  const texts = [
    ...[name, compiler.version].map((text) => ({ text, longest: 200 })),
    ...source.map(({ licence }) => ({ text: licence, longest: 200 })),
    ...named.map(({ name }) => ({ text: name, longest: 200 })),
    ...labels.map(({ name }) => ({ text: name, longest: 100 })),
    ...features.map((text) => ({ text, longest: 50 })),
  ];
  const bad = texts.find(({ text, longest }) => HIDDEN.test(text) || [...text].length > longest);
  if (bad !== undefined) throw new Error(`a module was accepted with the string ${JSON.stringify(bad.text)}`);
  if (labels.length > 10_000) throw new Error(`a module was accepted with ${labels.length} labels`);
}

function mutantPath(): string {
  return join(mkdtempSync(join(tmpdir(), "sabrewing-fuzz-")), "mutant.wasm");
}
