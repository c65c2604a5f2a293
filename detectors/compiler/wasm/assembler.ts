/**
 * Writes the body of one WebAssembly function and checks the operand stack. Every instruction declares its operands and
 * results, so that a wrong kernel fails where it is written and not when an engine rejects the module.
 */
import { float32Bytes, signedLeb, unsignedLeb } from "./encoding.ts";
import {
  CONTROL,
  F32X4_EXTRACT_LANE,
  I32X4_EXTRACT_LANE,
  type Instruction,
  MEMORY,
  MEMORY_FILL,
  type MemoryName,
  PLAIN,
  type PlainName,
  SHUFFLE,
  STORE_LANE,
  STORE_LOW_HALF,
  TYPE_CODES,
  V128_CONST,
  type WasmType,
} from "./opcodes.ts";

/** A local variable or parameter of the function under construction. */
export interface Local {
  readonly index: number;
  readonly type: WasmType;
}

/** A mutable global of the module. */
export interface Global {
  readonly index: number;
  readonly type: WasmType;
}

/** A callable function: imported, or defined earlier in the module. */
export interface FunctionReference {
  readonly index: number;
  readonly name: string;
  readonly params: readonly WasmType[];
  readonly results: readonly WasmType[];
}

/** A branch target: the end of a block or the start of a loop. */
export interface BranchLabel {
  readonly depth: number;
}

interface ControlFrame {
  /** Height of the operand stack when the frame was opened; the frame cannot pop below it. */
  readonly base: number;
  /** Whether the frame has ended with an unconditional branch, after which no instruction may follow. */
  ended: boolean;
}

/** Assembler of one function. Methods return the assembler, so that a chain of calls reads like WAT. */
export class Assembler {
  private readonly bytes: number[] = [];
  private readonly stack: WasmType[] = [];
  private readonly frames: ControlFrame[] = [{ base: 0, ended: false }];
  private readonly locals: WasmType[] = [];
  private readonly name: string;
  private readonly params: readonly WasmType[];
  private readonly results: readonly WasmType[];

  constructor(name: string, params: readonly WasmType[], results: readonly WasmType[]) {
    this.name = name;
    this.params = params;
    this.results = results;
  }

  /** The function's parameters, as locals. */
  parameters(): Local[] {
    return this.params.map((type, index) => ({ index, type }));
  }

  /** Declares a local, zero at entry. */
  local(type: WasmType): Local {
    this.locals.push(type);
    return { index: this.params.length + this.locals.length - 1, type };
  }

  get(local: Local): this {
    return this.write([CONTROL.localGet, ...unsignedLeb(local.index)], [], [local.type]);
  }

  set(local: Local): this {
    return this.write([CONTROL.localSet, ...unsignedLeb(local.index)], [local.type], []);
  }

  tee(local: Local): this {
    return this.write([CONTROL.localTee, ...unsignedLeb(local.index)], [local.type], [local.type]);
  }

  globalGet(global: Global): this {
    return this.write([CONTROL.globalGet, ...unsignedLeb(global.index)], [], [global.type]);
  }

  globalSet(global: Global): this {
    return this.write([CONTROL.globalSet, ...unsignedLeb(global.index)], [global.type], []);
  }

  i32(value: number): this {
    return this.write([CONTROL.i32Const, ...signedLeb(value)], [], ["i32"]);
  }

  f32(value: number): this {
    return this.write([CONTROL.f32Const, ...float32Bytes(value)], [], ["f32"]);
  }

  /** An instruction without immediates. */
  op(name: PlainName): this {
    return this.apply(PLAIN[name]);
  }

  /** A load or store at the address on the stack plus `offset` bytes. Alignment is not required. */
  memory(name: MemoryName, offset = 0): this {
    const { code, params, results } = MEMORY[name];
    if (offset < 0) this.fail(`${name}: offset ${offset} is negative`);
    return this.write([...code, 0, ...unsignedLeb(offset)], params, results);
  }

  /** Stores the lower eight bytes of a vector. Operands: address, vector. */
  storeLowHalf(offset = 0): this {
    const { code, params, results } = STORE_LOW_HALF;
    return this.write([...code, 0, ...unsignedLeb(offset), 0], params, results);
  }

  /** Stores lane `lane` of `bytes` bytes. Operands: address, vector. */
  storeLane(bytes: 1 | 2 | 4 | 8, lane: number, offset = 0): this {
    const { code, params, results } = STORE_LANE[bytes];
    return this.write([...code, 0, ...unsignedLeb(offset), lane], params, results);
  }

  /** A constant vector. @param numbers of 16 bytes together */
  vector(numbers: Int32Array | BigInt64Array | Uint8Array): this {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    if (bytes.length !== 16) this.fail(`a vector has 16 bytes, received ${bytes.length}`);
    return this.write([...V128_CONST.code, ...bytes], V128_CONST.params, V128_CONST.results);
  }

  /** The bytes at these indices: 0–15 of the first operand, 16–31 of the second. */
  shuffle(indices: readonly number[]): this {
    const { code, params, results } = SHUFFLE;
    if (indices.length !== 16) this.fail(`a shuffle has 16 indices, received ${indices.length}`);
    return this.write([...code, ...indices], params, results);
  }

  /** Picks four of the eight floats of two vectors: 0 to 3 of the first, 4 to 7 of the second. */
  shuffleFloats(lanes: readonly [number, number, number, number]): this {
    return this.shuffle(lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)));
  }

  /** Fills memory. Operands: address, byte value, byte count. */
  memoryFill(): this {
    return this.apply(MEMORY_FILL);
  }

  /** Extracts one of the four floats of a vector. */
  extractLane(lane: 0 | 1 | 2 | 3): this {
    const { code, params, results } = F32X4_EXTRACT_LANE;
    return this.write([...code, lane], params, results);
  }

  /** Extracts one of the four integers of a vector. */
  extractInteger(lane: 0 | 1 | 2 | 3): this {
    const { code, params, results } = I32X4_EXTRACT_LANE;
    return this.write([...code, lane], params, results);
  }

  call(callee: FunctionReference): this {
    return this.write([CONTROL.call, ...unsignedLeb(callee.index)], callee.params, callee.results);
  }

  /** Drops the i32 on top of the stack. */
  drop(): this {
    return this.write([CONTROL.drop], ["i32"], []);
  }

  /** A block: a branch to its label leaves it. */
  block(body: (end: BranchLabel) => void): this {
    return this.nest(CONTROL.block, body);
  }

  /** A loop: a branch to its label repeats it; reaching its end leaves it. */
  loop(body: (again: BranchLabel) => void): this {
    return this.nest(CONTROL.loop, body);
  }

  /** Operand: the condition, an i32. */
  if(then: () => void, otherwise?: () => void): this {
    this.pop("i32", "if");
    this.bytes.push(CONTROL.if, CONTROL.emptyBlock);
    this.open();
    then();
    if (otherwise !== undefined) {
      this.close("then");
      this.bytes.push(CONTROL.else);
      this.open();
      otherwise();
    }
    this.close("if");
    this.bytes.push(CONTROL.end);
    return this;
  }

  br(label: BranchLabel): this {
    this.write([CONTROL.br, ...unsignedLeb(this.frames.length - label.depth)], [], []);
    return this.end();
  }

  /** Operand: the condition, an i32. */
  brIf(label: BranchLabel): this {
    return this.write([CONTROL.brIf, ...unsignedLeb(this.frames.length - label.depth)], ["i32"], []);
  }

  return(): this {
    this.write([CONTROL.return], this.results, []);
    return this.end();
  }

  unreachable(): this {
    this.write([CONTROL.unreachable], [], []);
    return this.end();
  }

  /**
   * The function's entry in the code section: declarations of locals and body.
   * @throws Error when the stack does not hold the results.
   */
  finish(): Uint8Array {
    if (!this.frame().ended)
      for (const type of [...this.results].reverse()) this.pop(type, "end of function");
    this.close("function");
    const runs: [WasmType, number][] = [];
    for (const type of this.locals) {
      const last = runs.at(-1);
      if (last?.[0] === type) last[1]++;
      else runs.push([type, 1]);
    }
    const declarations = runs.flatMap(([type, count]) => [...unsignedLeb(count), TYPE_CODES[type]]);
    return Uint8Array.from([...unsignedLeb(runs.length), ...declarations, ...this.bytes, CONTROL.end]);
  }

  private nest(code: number, body: (label: BranchLabel) => void): this {
    this.write([code, CONTROL.emptyBlock], [], []);
    this.open();
    body({ depth: this.frames.length });
    this.close("block");
    this.bytes.push(CONTROL.end);
    return this;
  }

  private apply(instruction: Instruction): this {
    return this.write(instruction.code, instruction.params, instruction.results);
  }

  private write(code: readonly number[], params: readonly WasmType[], results: readonly WasmType[]): this {
    if (this.frame().ended) this.fail("instruction after an unconditional branch");
    const what = `0x${(code[0] ?? 0).toString(16)}`;
    for (let i = params.length - 1; i >= 0; i--) this.pop(params[i] ?? "i32", what);
    this.bytes.push(...code);
    this.stack.push(...results);
    return this;
  }

  private pop(expected: WasmType, what: string): void {
    if (this.stack.length <= this.frame().base) this.fail(`${what} expects ${expected}, the stack is empty`);
    const received = this.stack.pop();
    if (received !== expected) this.fail(`${what} expects ${expected}, received ${received}`);
  }

  private open(): void {
    this.frames.push({ base: this.stack.length, ended: false });
  }

  private close(what: string): void {
    const { base, ended } = this.frame();
    if (!ended && this.stack.length !== base) {
      this.fail(`${what} leaves ${this.stack.slice(base).join(", ")} on the stack`);
    }
    this.frames.pop();
  }

  private end(): this {
    const frame = this.frame();
    this.stack.length = frame.base;
    frame.ended = true;
    return this;
  }

  private frame(): ControlFrame {
    const frame = this.frames.at(-1);
    if (frame === undefined) throw new Error(`${this.name}: the function is already finished`);
    return frame;
  }

  private fail(message: string): never {
    throw new Error(`${this.name} at byte ${this.bytes.length}: ${message}`);
  }
}
