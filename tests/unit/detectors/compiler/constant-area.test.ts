import { expect, test } from "vitest";
import { constantArea } from "../../../../detectors/compiler/constant-area.ts";
import { ModuleBuilder } from "../../../../detectors/compiler/wasm/module.ts";

const ARENA_END = 4096;

/** Numbers that binary16 cannot represent, so that they are stored as floats. */
function numbers(bytes: number): Float32Array {
  return new Float32Array(bytes / 4).fill(Math.PI);
}

test("data for preparations goes into idle parts of the arena, and behind the arena where it does not fit", () => {
  const idle = [
    { address: 64, bytes: 100 },
    { address: 1024, bytes: 2048 },
  ];
  const constants = constantArea(new ModuleBuilder(), ARENA_END, idle);
  const addresses = [80, 1000, 1100, 600].map((bytes) => constants.storeForPreparation(numbers(bytes)));
  expect(addresses).toEqual([64, 1024, ARENA_END, 1024 + 1024]);
  expect(constants.endAddress()).toBe(ARENA_END + 1100);
});

test("data for every inference goes behind the arena, and the same array is stored once", () => {
  const constants = constantArea(new ModuleBuilder(), ARENA_END, [{ address: 64, bytes: 1024 }]);
  const data = numbers(80);
  expect([constants.store(data), constants.store(data), constants.store(numbers(80))]).toEqual([
    ARENA_END,
    ARENA_END,
    ARENA_END + 128,
  ]);
});
