import { expect, test } from "vitest";
import { Assembler } from "../../../../../detectors/compiler/wasm/assembler.ts";
import { signedLeb, unsignedLeb } from "../../../../../detectors/compiler/wasm/encoding.ts";
import { ModuleBuilder } from "../../../../../detectors/compiler/wasm/module.ts";
import { binaryenAccepts } from "../../../../support/models/valid-wasm.ts";

test("an operand of the wrong type is rejected where it is used", () => {
  const code = new Assembler("wrong", [], []);
  code.i32(1).f32(2);
  expect(() => code.op("i32.add")).toThrow("wrong at byte 7: 0x6a expects i32, received f32");
});

test("a missing operand is rejected", () => {
  expect(() => new Assembler("empty", [], []).op("f32.add")).toThrow("expects f32, the stack is empty");
});

test("a block cannot take operands from outside", () => {
  const code = new Assembler("block", [], []);
  code.i32(1);
  expect(() => code.block(() => code.drop())).toThrow("expects i32, the stack is empty");
});

test("operands left on the stack at the end of a block are rejected", () => {
  const code = new Assembler("left", [], []);
  expect(() => code.loop(() => code.i32(1))).toThrow("block leaves i32 on the stack");
});

test("a function must leave exactly its results on the stack", () => {
  const short = new Assembler("short", [], ["i32"]);
  expect(() => short.finish()).toThrow("end of function expects i32, the stack is empty");
  const long = new Assembler("long", [], []);
  long.i32(1);
  expect(() => long.finish()).toThrow("function leaves i32 on the stack");
});

test("no instruction may follow an unconditional branch", () => {
  const code = new Assembler("after", [], []);
  expect(() => code.loop((again) => code.br(again).i32(1))).toThrow("after an unconditional branch");
});

test("a negative offset is rejected", () => {
  const code = new Assembler("negative", ["i32"], []);
  expect(() => code.memory("i32.load", -4)).toThrow("offset -4 is negative");
});

test("LEB128 follows the specification's examples and limits", () => {
  expect(unsignedLeb(624_485)).toEqual([0xe5, 0x8e, 0x26]);
  expect(unsignedLeb(0)).toEqual([0]);
  expect(unsignedLeb(0xffffffff)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  expect(signedLeb(-123_456)).toEqual([0xc0, 0xbb, 0x78]);
  expect(signedLeb(63)).toEqual([63]);
  expect(signedLeb(64)).toEqual([0xc0, 0]);
  expect(signedLeb(-64)).toEqual([0x40]);
  expect(signedLeb(-(2 ** 31))).toEqual([0x80, 0x80, 0x80, 0x80, 0x78]);
});

test("a module with loops, branches, calls and globals is valid and computes", async () => {
  const module = new ModuleBuilder();
  const total = module.global("i32");
  const double = module.function("double", ["i32"], ["i32"], (code, n) => {
    if (n) code.get(n).i32(2).op("i32.mul");
  });
  const sum = module.function("sum", ["i32"], ["i32"], (code, n) => {
    if (!n) return;
    code.i32(0).globalSet(total);
    code.block((done) => {
      code.loop((again) => {
        code.get(n).op("i32.eqz").brIf(done);
        code.globalGet(total).get(n).call(double).op("i32.add").globalSet(total);
        code.get(n).i32(1).op("i32.sub").set(n).br(again);
      });
    });
    code.globalGet(total);
  });
  module.exportFunction("sum", sum);
  const bytes = module.finish(1);
  expect(binaryenAccepts(bytes)).toBe(true);
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(bytes));
  expect(Reflect.apply(exports.sum as () => unknown, undefined, [10])).toBe(110);
});

test("imports after the first function are rejected, because they would shift every index", () => {
  const module = new ModuleBuilder();
  module.function("first", [], [], () => {});
  expect(() => module.importFunction("env", "late", [], [])).toThrow("imports come before functions");
});
