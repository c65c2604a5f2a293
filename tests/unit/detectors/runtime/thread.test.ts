import { expect, test } from "vitest";
import type { DetectorFault } from "../../../../detectors/errors.ts";
import { type LoadedModule, loadModule } from "../../../../detectors/runtime/module.ts";
import { type Question, spawnThread } from "../../../../detectors/runtime/thread.ts";
import { fakeFrame, fakeModule, POISON, writeModuleFile } from "../../../support/fake-modules.ts";

const question = (first: number): Question<Uint8Array> => ({
  sequence: 1,
  thresholds: { score: 0.25, iou: 0.5 },
  pixels: fakeFrame(first),
  deadlineMs: 10_000,
  parse: (reply) => reply,
});

const load = (): Promise<LoadedModule> => loadModule(writeModuleFile(fakeModule()));

test("a module that the engine will not start is a fault that says so", async () => {
  const loaded = await load();
  const bytes = new Uint8Array(new SharedArrayBuffer(100));
  await using thread = spawnThread({ ...loaded, bytes }, "wasmer", () => undefined);
  await expect(thread.ask(question(1))).rejects.toMatchObject({
    kind: "trap",
    message: expect.stringContaining("did not start"),
  });
});

test("a thread tells of one fault only, its first, and takes no frame after it", async () => {
  const faults: DetectorFault[] = [];
  await using thread = spawnThread(await load(), "wasmer", (fault) => faults.push(fault));
  await expect(thread.ask(question(POISON.trap))).rejects.toMatchObject({ kind: "trap" });
  await thread.ended;
  await expect(thread.ask(question(1))).rejects.toMatchObject({ kind: "trap" });
  expect(faults.map(({ kind }) => kind)).toEqual(["trap"]);
});

test("closing a thread is no fault", async () => {
  const faults: DetectorFault[] = [];
  const thread = spawnThread(await load(), "v8", (fault) => faults.push(fault));
  await thread[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});
