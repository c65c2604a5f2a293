import { expect, test } from "vitest";
import type { Runtime } from "../../../../detectors/detector.ts";
import type { DetectorFault } from "../../../../detectors/errors.ts";
import { type EngineSource, prepareEngine } from "../../../../detectors/runtime/engine-source.ts";
import { loadModule } from "../../../../detectors/runtime/module.ts";
import { bootThread, type Question, spawnThread } from "../../../../detectors/runtime/thread.ts";
import { fakeFrame, fakeModule, POISON, writeModuleFile } from "../../../support/fake-modules.ts";

const question = (first: number): Question<Uint8Array> => ({
  sequence: 1,
  thresholds: { score: 0.25, iou: 0.5 },
  pixels: fakeFrame(first),
  // Long enough for an emulated CPU (scripts/test-arm64): the test's own time limit is what ends others.
  deadlineMs: 600_000,
  parse: (reply) => reply,
});

const FRAME_BYTES = fakeFrame(0).length;

const prepare = async (runtime: Runtime): Promise<EngineSource> =>
  prepareEngine(await loadModule(writeModuleFile(fakeModule())), runtime);

test("a module that the engine will not start is a fault that says so", async () => {
  const source = { ...(await prepare("wasmer")), bytes: new Uint8Array(100) };
  await using thread = spawnThread(source, FRAME_BYTES, () => undefined);
  await expect(thread.ask(question(1))).rejects.toMatchObject({
    kind: "trap",
    message: expect.stringContaining("did not start"),
  });
});

test("a thread tells of one fault only, its first, and takes no frame after it", async () => {
  const faults: DetectorFault[] = [];
  await using thread = spawnThread(await prepare("wasmer"), FRAME_BYTES, (fault) => faults.push(fault));
  await expect(thread.ask(question(POISON.trap))).rejects.toMatchObject({ kind: "trap" });
  await thread.ended;
  await expect(thread.ask(question(1))).rejects.toMatchObject({ kind: "trap" });
  expect(faults.map(({ kind }) => kind)).toEqual(["trap"]);
});

test.each(["wasmer", "v8"] as const)(
  "a thread in %s whose guest ended by itself runs another, and one that missed a deadline does not",
  async (runtime) => {
    const faults: string[] = [];
    const note = (fault: DetectorFault): void => void faults.push(fault.kind);
    await using first = spawnThread(await prepare(runtime), FRAME_BYTES, note);
    await expect(first.ask(question(POISON.trap))).rejects.toMatchObject({ kind: "trap" });
    await first.ended;
    const second = first.successor(note);
    if (second === undefined) throw new Error("expected a second life");
    await using _ = second;
    expect(first.successor(note), "a third life beside the second").toBeUndefined();
    expect((await second.ask(question(1))).length).toBeGreaterThan(0);
    const late = second.ask({ ...question(POISON.loop), deadlineMs: 200 });
    await expect(late).rejects.toMatchObject({ kind: "deadline" });
    expect(second.successor(note)).toBeUndefined();
    expect(faults).toEqual(["trap", "deadline"]);
  },
);

test("a thread that was closed before it was told what to run takes no frame", async () => {
  const faults: string[] = [];
  await using thread = bootThread("v8");
  await thread[Symbol.asyncDispose]();
  thread.begin(await prepare("v8"), FRAME_BYTES, (fault) => faults.push(fault.kind));
  await expect(thread.ask(question(1))).rejects.toMatchObject({ kind: "unavailable" });
  expect(faults).toEqual(["unavailable"]);
});

test("an engine that is not up in time is a missed deadline", async () => {
  await using thread = spawnThread(await prepare("v8"), FRAME_BYTES, () => undefined);
  await expect(thread.untilReady(0)).rejects.toMatchObject({ kind: "deadline" });
});

test("closing a thread is no fault", async () => {
  const faults: DetectorFault[] = [];
  const thread = spawnThread(await prepare("v8"), FRAME_BYTES, (fault) => faults.push(fault));
  await thread[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});
