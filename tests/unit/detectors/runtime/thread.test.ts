import { expect, test } from "vitest";
import type { Runtime } from "../../../../detectors/detector.ts";
import type { DetectorFault } from "../../../../detectors/errors.ts";
import { type EngineSource, prepareEngine } from "../../../../detectors/runtime/engine-source.ts";
import { loadModule } from "../../../../detectors/runtime/module.ts";
import { bootThread, spawnThread, type ThreadRequest } from "../../../../detectors/runtime/thread.ts";
import { fakeFrame, fakeModule, POISON, writeModuleFile } from "../../../support/detectors/fake-modules.ts";

const request = (first: number): ThreadRequest<Uint8Array> => ({
  sequence: 1,
  request: { parameters: [0.25, 0.5], inputs: [fakeFrame(first)] },
  // Long enough for an emulated CPU (scripts/test-arm64). Elsewhere the test's own time limit applies.
  deadlineMs: 600_000,
  parse: (reply) => reply,
});

const prepare = async (runtime: Runtime): Promise<EngineSource> =>
  prepareEngine(await loadModule(writeModuleFile(fakeModule())), runtime);

test("reports a module that the engine cannot start", async () => {
  const source = { ...(await prepare("wasmer")), bytes: new Uint8Array(100) };
  await using thread = spawnThread(source, () => undefined);
  await expect(thread.infer(request(1))).rejects.toMatchObject({
    kind: "trap",
    message: expect.stringContaining("did not start"),
  });
});

test("reports only the first fault and accepts no frame after it", async () => {
  const faults: DetectorFault[] = [];
  await using thread = spawnThread(await prepare("wasmer"), (fault) => faults.push(fault));
  await expect(thread.infer(request(POISON.trap))).rejects.toMatchObject({ kind: "trap" });
  await thread.ended;
  await expect(thread.infer(request(1))).rejects.toMatchObject({ kind: "trap" });
  expect(faults.map(({ kind }) => kind)).toEqual(["trap"]);
});

test.each(["wasmer", "v8"] as const)(
  "restarts the guest in its thread in %s after a trap, but not after a missed deadline",
  async (runtime) => {
    const faults: string[] = [];
    const note = (fault: DetectorFault): void => void faults.push(fault.kind);
    await using first = spawnThread(await prepare(runtime), note);
    await expect(first.infer(request(POISON.trap))).rejects.toMatchObject({ kind: "trap" });
    await first.ended;
    const second = first.restartGuest(note);
    if (second === undefined) throw new Error("expected a second guest");
    await using _ = second;
    expect(first.restartGuest(note), "a third guest beside the second").toBeUndefined();
    expect((await second.infer(request(1))).length).toBeGreaterThan(0);
    const late = second.infer({ ...request(POISON.loop), deadlineMs: 200 });
    await expect(late).rejects.toMatchObject({ kind: "deadline" });
    expect(second.restartGuest(note)).toBeUndefined();
    expect(faults).toEqual(["trap", "deadline"]);
  },
);

test("accepts no frame if it was closed before its task", async () => {
  const faults: string[] = [];
  await using thread = bootThread("v8");
  await thread[Symbol.asyncDispose]();
  thread.begin(await prepare("v8"), (fault) => faults.push(fault.kind));
  await expect(thread.infer(request(1))).rejects.toMatchObject({ kind: "unavailable" });
  expect(faults).toEqual(["unavailable"]);
});

test("reports an engine that is not ready in time as a missed deadline", async () => {
  await using thread = spawnThread(await prepare("v8"), () => undefined);
  await expect(thread.untilReady(0)).rejects.toMatchObject({ kind: "deadline" });
});

test("reports no fault when it is closed", async () => {
  const faults: DetectorFault[] = [];
  const thread = spawnThread(await prepare("v8"), (fault) => faults.push(fault));
  await thread[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});
