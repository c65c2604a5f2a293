/** Modules that remember earlier inferences, in a pool. */
import { describe, expect, test } from "vitest";
import { loadModule } from "../../../../detectors/runtime/module.ts";
import { startPool } from "../../../../detectors/runtime/pool.ts";
import type { ModuleRequest } from "../../../../detectors/runtime/request.ts";
import { parseTensors } from "../../../../detectors/runtime/tensors.ts";
import { writeModuleFile } from "../../../support/detectors/fake-modules.ts";
import { mixedModule } from "../../../support/detectors/tensor-module.ts";

const REQUEST: ModuleRequest = {
  parameters: [2],
  inputs: [Uint8Array.of(1, 7, 9), new Uint8Array(16), Uint8Array.of(1)],
};

describe.each(["v8", "wasmer"] as const)("a module with state in %s", (runtime) => {
  const start = (instances: number) =>
    startPool(
      loadModule(writeModuleFile(mixedModule()), {}),
      ({ outputs }) => ({ blank: () => REQUEST, parse: (reply) => parseTensors(reply, outputs) }),
      { runtime, instances, deadlineMs: 1_500 },
      10_000,
    );

  test("forgets the blank requests that warm it up, and nothing else", async () => {
    await using pool = await start(1);
    const calls: unknown[] = [];
    for (const _ of [1, 2, 3]) {
      const { result } = await pool.infer(REQUEST);
      calls.push(result.find(({ name }) => name === "calls")?.data[0]);
    }
    expect(calls).toEqual([1, 2, 3]);
  });

  test("runs in one instance only", async () => {
    await expect(start(2)).rejects.toThrow(
      "small remembers earlier inferences, so that it can run in one instance only; expected 1, received 2.",
    );
  });
});
