/**
 * Started by `bench:start`. Starts a detector as `sabrewing detect` does, runs some inferences, and prints when each stage
 * ended: milliseconds from the start of this process.
 */
import { flushCompileCache } from "node:module";
import { performance } from "node:perf_hooks";
import type { Runtime } from "../../detectors/detector.ts";
import type { Stages } from "./stages.ts";

const LATER_ANSWERS = 20;
const DEADLINE_MS = 60_000;
const GREY = 114;

const [path = "", engine = ""] = process.argv.slice(2);
const runtime: Runtime = engine === "v8" ? "v8" : "wasmer";
const [{ loadModule }, { prepareEngine }, { bootThread }, { tensorBytes }] = await Promise.all([
  import("../../detectors/runtime/module.ts"),
  import("../../detectors/runtime/engine-source.ts"),
  import("../../detectors/runtime/thread.ts"),
  import("../../detectors/module-format.ts"),
]);
const program = performance.now();
await using thread = bootThread(runtime);
const loading = loadModule(path);
const preparing = prepareEngine(loading, runtime);
const { info } = await loading;
const module = performance.now();
const source = await preparing;
const sdk = performance.now();
thread.begin(source, (fault) => {
  throw fault;
});
await thread.untilReady(DEADLINE_MS);
const ready = performance.now();
const inputs = info.inputs.map((input) => new Uint8Array(tensorBytes(input)).fill(GREY));
const ask = async (sequence: number): Promise<number> => {
  const parameters = info.parameters.map((parameter) => parameter.default);
  await thread.infer({
    sequence,
    request: { parameters, inputs },
    deadlineMs: DEADLINE_MS,
    parse: (reply: Uint8Array) => reply,
  });
  return performance.now();
};
const first = await ask(0);
const laterMs: number[] = [];
for (let sequence = 1, before = first; sequence <= LATER_ANSWERS; sequence++) {
  const answered = await ask(sequence);
  laterMs.push(answered - before);
  before = answered;
}
const node = performance.nodeTiming.bootstrapComplete;
// Imported last: its loading is not part of the start.
const { median } = await import("./race.ts");
const later = median(laterMs) ?? Number.NaN;
const stages: Stages = { node, program, module, sdk, ready, first, later };
process.stdout.write(`${JSON.stringify(stages)}\n`, () => {
  flushCompileCache();
  process.exit(0);
});
