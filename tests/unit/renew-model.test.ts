import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ConfigError } from "../../agent/base/errors.ts";
import { openLog } from "../../agent/base/log.ts";
import { createSignal } from "../../agent/base/signal.ts";
import { renewModel } from "../../agent/renew-model.ts";
import { DetectorFault, ModelError, type ModelInfo } from "../../detectors/detector.ts";
import { SMALL_MODEL } from "../support/detectors/scripted-detector.ts";
import { manualClock } from "../support/time/manual-clock.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-renew-"));
  path = join(folder, "model.wasm");
  writeFileSync(path, "old");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts to watch the file; `answers`: the result of each attempt, a model or an error. */
async function start(answers: readonly (Partial<ModelInfo> | Error)[]) {
  const stop = new AbortController();
  const clock = manualClock();
  const reload = createSignal();
  const lines: string[] = [];
  const tries: string[] = [];
  let model: ModelInfo = SMALL_MODEL;
  const done = renewModel({
    detector: {
      get model() {
        return model;
      },
      async replace(file) {
        const answer = answers[tries.push(file) - 1] ?? {};
        if (answer instanceof Error) throw answer;
        model = { ...model, ...answer };
        return model;
      },
    },
    modulePath: () => path,
    reload,
    clock,
    log: openLog("info", {
      write: (line) => {
        const { level, msg } = JSON.parse(line);
        lines.push(`${level} ${msg}`);
      },
    }),
    signal: stop.signal,
  });
  // Checking files takes real time.
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await clock.pass(1_000);
      await delay(5);
    }
  };
  await pass(6);
  const end = () => {
    stop.abort();
    return done;
  };
  return { tries, lines, reload, pass, done, end };
}

const replaceFile = (content: string) => {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
};

test("does not reload an unchanged file", async () => {
  const { tries, pass, end } = await start([]);
  await pass(60);
  await end();
  expect(tries).toEqual([]);
});

test("loads a replaced file when two checks in a row find it unchanged", async () => {
  const { tries, lines, pass, end } = await start([{ name: "better", sha256: "cd".repeat(32) }]);
  replaceFile("new and");
  await pass(5);
  replaceFile("new and whole");
  await pass(5);
  expect(tries).toEqual([]);
  await pass(6);
  expect(tries).toEqual([path]);
  await pass(60);
  await end();
  expect(tries).toEqual([path]);
  expect(lines).toEqual(["info the model is replaced: now running better"]);
});

test("does not retry an unusable module until it or its signature changes", async () => {
  const { tries, lines, pass, end } = await start([
    new ModelError("it is not signed", "Sign it."),
    new DetectorFault("deadline", "it does not answer"),
    new ConfigError("it knows no dogs", "Choose from its labels."),
  ]);
  replaceFile("unsigned");
  await pass(60);
  expect(tries).toHaveLength(1);
  writeFileSync(`${path}.sig`, "signature");
  await pass(60);
  replaceFile("third");
  await pass(60);
  await end();
  expect(tries).toHaveLength(3);
  expect(lines).toEqual([
    "warn the model is not replaced: it is not signed",
    "warn the model is not replaced: the new one does not start: it does not answer",
    "warn the model is not replaced: it knows no dogs",
  ]);
});

test("checks at once on request, even if nothing has changed", async () => {
  const { tries, lines, reload, end } = await start([]);
  reload.raise();
  await vi.waitFor(() => expect(lines).toEqual(["info the model file is unchanged"]));
  expect(tries).toEqual([path]);
  await end();
});

test("continues to watch a file that is missing for a moment", async () => {
  const { tries, pass, end } = await start([{ sha256: "cd".repeat(32) }]);
  rmSync(path);
  await pass(1);
  replaceFile("new");
  await pass(20);
  await end();
  expect(tries).toEqual([path]);
});

test("throws unexpected errors", async () => {
  const { reload, done } = await start([new RangeError("a bug")]);
  reload.raise();
  await expect(done).rejects.toThrow("a bug");
});
