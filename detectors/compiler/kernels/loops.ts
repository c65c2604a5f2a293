/** Loops and pointer arithmetic for all kernels. */
import type { Assembler, Local } from "../wasm/assembler.ts";

/**
 * Emits `body` in a loop of `times` iterations; without a loop for a single one.
 * @param times a number, or a local that is at least 1
 */
export function repeat(code: Assembler, times: number | Local, body: () => void): void {
  if (times === 0) return;
  if (times === 1) {
    body();
    return;
  }
  const left = typeof times === "number" ? pointerTo(code, times) : copyOf(code, times);
  code.loop((again) => {
    body();
    code.get(left).i32(1).op("i32.sub").tee(left).brIf(again);
  });
}

/** pointer += bytes */
export function advance(code: Assembler, pointer: Local, bytes: number): void {
  if (bytes !== 0) code.get(pointer).i32(bytes).op("i32.add").set(pointer);
}

/** pointer += distance */
export function add(code: Assembler, pointer: Local, distance: Local): void {
  code.get(pointer).get(distance).op("i32.add").set(pointer);
}

/** Pushes pointer + bytes. */
export function pushOffset(code: Assembler, pointer: Local, bytes: number): void {
  code.get(pointer);
  if (bytes !== 0) code.i32(bytes).op("i32.add");
}

/** A new local with a known address. */
export function pointerTo(code: Assembler, address: number): Local {
  const pointer = code.local("i32");
  code.i32(address).set(pointer);
  return pointer;
}

/** A new local with the value of another. */
export function copyOf(code: Assembler, local: Local): Local {
  const copy = code.local(local.type);
  code.get(local).set(copy);
  return copy;
}

/** A new local with `value` in all four floats; call it before a loop. */
export function broadcast(code: Assembler, value: number): Local {
  const local = code.local("v128");
  code.f32(value).op("f32x4.splat").set(local);
  return local;
}
