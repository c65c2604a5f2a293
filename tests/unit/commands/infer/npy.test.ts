import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../../agent/base/errors.ts";
import { readNpy } from "../../../../agent/commands/infer/npy.ts";
import type { TensorDType } from "../../../../detectors/detector.ts";
import { npyFile } from "../../../support/models/npy-file.ts";

const spec = (dtype: TensorDType) => ({ name: "x", dtype, shape: [2] });

describe("an array of numpy.save", () => {
  test.each<[string, TensorDType, ArrayBufferView, readonly (number | bigint)[]]>([
    ["<f4", "f32", Float32Array.of(0.5, -1), [0.5, -1]],
    ["<f8", "f32", Float64Array.of(0.1, 1e300), [0.1, 1e300]],
    ["|i1", "i8", Int8Array.of(-1, 2), [-1, 2]],
    ["|u1", "i32", Uint8Array.of(200, 2), [200, 2]],
    ["<i2", "i16", Int16Array.of(-300, 2), [-300, 2]],
    ["<u2", "i32", Uint16Array.of(60_000, 2), [60_000, 2]],
    ["<i4", "i32", Int32Array.of(-70_000, 2), [-70_000, 2]],
    ["<i8", "i32", BigInt64Array.of(-7n, 2n), [-7n, 2n]],
    ["|b1", "bool", Uint8Array.of(1, 0), [1, 0]],
  ])("of %s is read for an input of %s", (descr, dtype, data, numbers) => {
    const { numbers: read, shape } = readNpy(npyFile(descr, [2], data), spec(dtype));
    expect(Array.from(read)).toEqual(numbers);
    expect(shape).toEqual([2]);
  });

  test("of version 2 and of a shape without dimensions is read", () => {
    expect(readNpy(npyFile("<f4", [], Float32Array.of(3), { version: 2 }), spec("f32"))).toEqual({
      numbers: Float32Array.of(3),
      shape: [],
    });
    expect(readNpy(npyFile("<f4", [1, 2], Float32Array.of(3, 4)), spec("f32")).shape).toEqual([1, 2]);
  });

  const floats = Float32Array.of(1, 2);
  test.each<[string, Uint8Array, TensorDType, RegExp]>([
    ["floats for integers", npyFile("<f4", [2], floats), "i32", /expected the dtype i32, received f4/],
    [
      "integers for floats",
      npyFile("<i4", [2], Int32Array.of(1, 2)),
      "f32",
      /expected the dtype f32, received i4/,
    ],
    ["big-endian numbers", npyFile(">f4", [2], floats), "f32", /its header is \{'descr': '>f4'/],
    ["strings", npyFile("<U4", [2], floats), "f32", /its header is/],
    ["Fortran order", npyFile("<f4", [2], floats, { fortran: true }), "f32", /Fortran order/],
    [
      "missing numbers",
      npyFile("<f4", [3], floats),
      "f32",
      /it has 8 bytes of numbers; its header states 12/,
    ],
    ["a truncated header", npyFile("<f4", [2], floats).subarray(0, 40), "f32", /its header has \d+ bytes/],
    ["another format", new Uint8Array(100), "f32", /does not begin with/],
    ["nothing", new Uint8Array(), "f32", /does not begin with/],
  ])("with %s is refused", (_, bytes, dtype, message) => {
    expect(() => readNpy(bytes, spec(dtype))).toThrow(message);
  });
});

test("any change of a file's bytes is read or refused", () => {
  const whole = npyFile("<f4", [2], Float32Array.of(1, 2));
  const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255), length: fc.nat(whole.length) });
  fc.assert(
    fc.property(change, ({ at, byte, length }) => {
      const bytes = Uint8Array.from(whole.subarray(0, length % 3 === 0 ? length : whole.length));
      if (at < bytes.length) bytes[at] = byte;
      try {
        expect(readNpy(bytes, spec("f32")).numbers.length).toBeLessThanOrEqual(2);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    }),
    { seed: 1, numRuns: 2_000 },
  );
});
