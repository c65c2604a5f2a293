import { beforeAll, describe, expect, test } from "vitest";
import {
  DetectorFault,
  type OpenModule,
  openModule,
  type TensorData,
} from "../../../../detectors/detector.ts";
import { writeModuleFile } from "../../../support/detectors/fake-modules.ts";
import {
  describeTensors,
  mixedModule,
  tensorModule,
  type WriteInfer,
} from "../../../support/detectors/tensor-module.ts";
import { waitUntil } from "../../../support/time/wait-until.ts";

const INPUTS: readonly TensorData[] = [
  Uint8Array.of(1, 7, 9),
  Float32Array.of(0.5, -2, 0, 0),
  Uint8Array.of(1),
];

let path: string;
beforeAll(() => {
  path = writeModuleFile(mixedModule());
});

async function faultOf(answer: Promise<unknown>): Promise<string> {
  const error: unknown = await answer.catch((thrown: unknown) => thrown);
  if (error instanceof DetectorFault) return error.kind;
  throw new Error(`expected a DetectorFault, got ${String(error)}`);
}

describe.each(["v8", "wasmer"] as const)("a module of any task in %s", (runtime) => {
  const open = (file = path): Promise<OpenModule> => openModule(file, { runtime, deadlineMs: 1_000 });
  const openSmall = (infer: WriteInfer): Promise<OpenModule> => {
    const input = { name: "x", shape: [], dtype: "u8" } as const;
    const flag = { name: "flag", shape: [], dtype: "bool" } as const;
    return open(writeModuleFile(tensorModule(describeTensors([input], [flag]), infer)));
  };

  test("takes typed arrays in the listed order and returns named outputs", async () => {
    await using module = await open();
    const { outputs, inferenceMs } = await module.inferTensors(INPUTS, { parameters: { gain: 3 } });
    expect(outputs).toEqual([
      { name: "rows", dtype: "i16", shape: [1, 2], data: Int16Array.of(7, 9) },
      { name: "product", dtype: "f32", shape: [2], data: Float32Array.of(1.5, -6) },
      { name: "calls", dtype: "i32", shape: [1], data: Int32Array.of(1) },
      { name: "flag", dtype: "bool", shape: [], data: Uint8Array.of(1) },
    ]);
    expect(inferenceMs).toBeGreaterThan(0);
  });

  test("keeps its state between inferences until it is reset, and uses the defaults of parameters", async () => {
    await using module = await open();
    const calls: unknown[] = [];
    for (const reset of [false, false, true]) {
      const { outputs } = await module.inferTensors(INPUTS, { reset });
      calls.push(outputs[2]?.data[0]);
      expect(outputs[1]?.data).toEqual(Float32Array.of(1, -4));
    }
    expect(calls).toEqual([1, 2, 1]);
  });

  test("is terminated after the deadline, and restarts", async () => {
    await using module = await openSmall((code, { inputs: [x = 0], outputs: [flag = 0] }) => {
      code.loop((again) => {
        code.i32(x).memory("i32.load8_u").brIf(again);
      });
      code.i32(flag).i32(1).memory("i32.store8").i32(0);
    });
    expect((await module.inferTensors([Uint8Array.of(0)])).outputs[0]?.data).toEqual(Uint8Array.of(1));
    expect(await faultOf(module.inferTensors([Uint8Array.of(1)]))).toBe("deadline");
    // It refuses requests while it restarts, which takes longer than a deadline on a busy machine.
    await waitUntil("it answers again", () =>
      module.inferTensors([Uint8Array.of(0)]).then(
        ({ outputs }) => outputs[0]?.data[0] === 1,
        (error) => {
          if (error instanceof DetectorFault && error.kind === "unavailable") return false;
          throw error;
        },
      ),
    );
  });

  test("fails with a trap, or with garbage for a bool of 2 and for a count without counted outputs", async () => {
    await using trap = await openSmall((code) => code.unreachable());
    expect(await faultOf(trap.inferTensors([Uint8Array.of(0)]))).toBe("trap");
    await using two = await openSmall((code, { outputs: [flag = 0] }) => {
      code.i32(flag).i32(2).memory("i32.store8").i32(0);
    });
    expect(await faultOf(two.inferTensors([Uint8Array.of(0)]))).toBe("garbage");
    await using counted = await openSmall((code) => {
      code.i32(1);
    });
    expect(await faultOf(counted.inferTensors([Uint8Array.of(0)]))).toBe("garbage");
  });
});

describe("inputs that do not fit", () => {
  const refused = async (inputs: readonly TensorData[], parameters = {}): Promise<void> => {
    await using module = await openModule(path, { runtime: "v8", deadlineMs: 1_000 });
    await module.inferTensors(inputs, { parameters });
  };
  const [bytes, numbers, flag] = INPUTS as [Uint8Array, Float32Array, Uint8Array];

  test.each<[string, readonly TensorData[], object, string]>([
    ["too few", [bytes, numbers], {}, "expected 3 inputs, received 2"],
    ["one of another length", [bytes.subarray(1), numbers, flag], {}, 'input "bytes": expected u8 [3]'],
    [
      "one of another type",
      [bytes, Int32Array.of(1, 2, 3, 4), flag],
      {},
      'input "numbers": expected f32 [2, 2]',
    ],
    ["a bool of 2", [bytes, numbers, Uint8Array.of(2)], {}, 'input "flags": expected 0 or 1, received 2'],
    ["an unknown parameter", INPUTS, { toString: 1 }, 'of the module (gain), received "toString"'],
  ])("are refused: %s", async (_, inputs, parameters, message) => {
    await expect(refused(inputs, parameters)).rejects.toThrow(message);
  });
});
