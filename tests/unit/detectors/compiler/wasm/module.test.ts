import { describe, expect, test } from "vitest";
import { ModuleBuilder } from "../../../../../detectors/compiler/wasm/module.ts";

type Exports = Readonly<Record<string, (...numbers: number[]) => number>>;

describe("a module", () => {
  test("emits a function that is defined twice once, under the exports of both definitions", async () => {
    const module = new ModuleBuilder();
    const constant = (name: string, value: number) =>
      module.function(name, [], ["i32"], (code) => void code.i32(value));
    const seven = constant("seven", 7);
    const eight = constant("eight", 8);
    const again = constant("again", 7);
    module.exportFunction("eight", eight);
    module.exportFunction("again", again);
    expect(again).toBe(seven);
    expect(eight.index).not.toBe(seven.index);
    const exports = await run(module);
    expect([exports.eight?.(), exports.again?.()]).toEqual([8, 7]);
  });

  test("keeps functions separate that differ only in their parameters", async () => {
    const module = new ModuleBuilder();
    const none = module.function("none", [], ["i32"], (code) => void code.i32(7));
    const one = module.function("one", ["i32"], ["i32"], (code) => void code.i32(7));
    module.exportFunction("none", none);
    module.exportFunction("one", one);
    expect(none.index).not.toBe(one.index);
    const exports = await run(module);
    expect([exports.none?.length, exports.one?.length]).toEqual([0, 1]);
  });
});

async function run(module: ModuleBuilder): Promise<Exports> {
  const { exports } = await WebAssembly.instantiate(
    await WebAssembly.compile(Uint8Array.from(module.finish(0))),
  );
  return exports as Exports;
}
