import { damagedCheckpoint } from "../errors.ts";
import { ByteReader, EndOfBytes } from "./byte-reader.ts";
import { foreignCheckpoint } from "./origin.ts";
import { OPCODES } from "./pickle-opcodes.ts";
import { BrokenPickle, PickleStack } from "./pickle-stack.ts";
import {
  describeValue,
  PickleGlobal,
  PickleObject,
  PicklePersistent,
  type PickleValue,
} from "./pickle-value.ts";

/** The pickle of a YOLOv5x training checkpoint is below 1 MB. A far larger one is not a checkpoint. */
const MAX_BYTES = 16 * 2 ** 20;
/**
 * YOLOv5n takes about 35,000 steps. A one-byte opcode can create an object of 200 bytes, so MAX_BYTES alone does not bound
 * memory.
 */
const MAX_STEPS = 1_000_000;

/** Whether a class or function, `module.name`, is allowed; with `args`, whether a call with these arguments is. */
export type IsKnownGlobal = (name: string, args?: readonly PickleValue[]) => boolean;

/**
 * Reads a pickle of protocol 2 to 5 (Python documents the opcodes in pickletools) without running any of it. Classes and
 * calls become records; only the containers OrderedDict, set and frozenset are created.
 * @throws ModelError that names every class that is not allowed, or when the pickle is truncated, corrupt or too large.
 */
export function unpickle(bytes: Uint8Array, isKnown: IsKnownGlobal): PickleValue {
  if (bytes.length > MAX_BYTES) {
    throw damagedCheckpoint(`its pickle is ${bytes.length} bytes long, expected at most ${MAX_BYTES}`);
  }
  const reader = new ByteReader(bytes);
  const machine = new PickleMachine(reader, isKnown);
  try {
    const value = machine.run();
    if (machine.foreign.size > 0) throw foreignCheckpoint(machine.classes, machine.foreign, value);
    return value;
  } catch (error) {
    if (!(error instanceof EndOfBytes || error instanceof BrokenPickle)) throw error;
    // An attack often ends after its call: report the call, not the damage.
    if (machine.foreign.size > 0) throw foreignCheckpoint(machine.classes, machine.foreign, undefined);
    throw damagedCheckpoint(`its pickle is damaged at byte ${reader.position}: ${error.message}`, error);
  }
}

/** Python's pickle machine, without imports and calls. */
class PickleMachine {
  /** Every class and function so far. */
  readonly classes = new Set<string>();
  /** Those that are not allowed. */
  readonly foreign = new Set<string>();
  readonly #isKnown: IsKnownGlobal;
  readonly #reader: ByteReader;
  readonly #text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #stack = new PickleStack();
  /** A Map, because the file chooses the indices: an array would be as long as the largest index. */
  readonly #memo = new Map<number, PickleValue>();
  #steps = 0;

  constructor(reader: ByteReader, isKnown: IsKnownGlobal) {
    this.#reader = reader;
    this.#isKnown = isKnown;
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.#reader.u8();
      if (opcode === OPCODES.STOP) return this.#stack.pop();
      this.#spend(1);
      const value = this.#step(opcode);
      if (value !== undefined) this.#stack.push(value);
    }
  }

  /** Executes an opcode and returns the value that it pushes, if any. */
  #step(opcode: number): PickleValue | undefined {
    const reader = this.#reader;
    const stack = this.#stack;
    switch (opcode) {
      case OPCODES.PROTO: {
        const protocol = reader.u8();
        if (protocol < 2 || protocol > 5)
          throw new BrokenPickle(`expected protocol 2 to 5, received ${protocol}`);
        return undefined;
      }
      case OPCODES.FRAME:
        reader.u64();
        return undefined;

      case OPCODES.NONE:
        return null;
      case OPCODES.NEWTRUE:
        return true;
      case OPCODES.NEWFALSE:
        return false;
      case OPCODES.BININT:
        return reader.i32();
      case OPCODES.BININT1:
        return reader.u8();
      case OPCODES.BININT2:
        return reader.u16();
      case OPCODES.LONG1:
        return this.#integer(reader.u8());
      case OPCODES.LONG4:
        return this.#integer(reader.u32());
      case OPCODES.BINFLOAT:
        return reader.f64BigEndian();
      case OPCODES.SHORT_BINUNICODE:
        return this.#string(reader.bytes(reader.u8()));
      case OPCODES.BINUNICODE:
        return this.#string(reader.bytes(reader.u32()));
      case OPCODES.BINUNICODE8:
        return this.#string(reader.bytes(reader.u64()));
      case OPCODES.SHORT_BINBYTES:
        return reader.bytes(reader.u8());
      case OPCODES.BINBYTES:
        return reader.bytes(reader.u32());
      case OPCODES.BINBYTES8:
      case OPCODES.BYTEARRAY8:
        return reader.bytes(reader.u64());

      case OPCODES.MARK:
        stack.mark();
        return undefined;
      case OPCODES.POP:
        // Directly above a mark, POP pops the mark.
        if (stack.atMark) stack.popToMark();
        else stack.pop();
        return undefined;
      case OPCODES.POP_MARK:
        stack.popToMark();
        return undefined;
      case OPCODES.DUP:
        return stack.top();

      case OPCODES.EMPTY_TUPLE:
      case OPCODES.EMPTY_LIST:
        return [];
      case OPCODES.TUPLE1:
        return stack.popMany(1);
      case OPCODES.TUPLE2:
        return stack.popMany(2);
      case OPCODES.TUPLE3:
        return stack.popMany(3);
      case OPCODES.TUPLE:
      case OPCODES.LIST:
        return stack.popToMark();
      case OPCODES.APPEND:
        append([stack.pop()], stack.topList());
        return undefined;
      case OPCODES.APPENDS:
        append(stack.popToMark(), stack.topList());
        return undefined;
      case OPCODES.EMPTY_DICT:
        return new Map();
      case OPCODES.DICT: {
        const dict = new Map<PickleValue, PickleValue>();
        fill(stack.popToMark(), dict);
        return dict;
      }
      case OPCODES.SETITEM:
        fill(stack.popMany(2), stack.topDict());
        return undefined;
      case OPCODES.SETITEMS:
        fill(stack.popToMark(), stack.topDict());
        return undefined;
      case OPCODES.EMPTY_SET:
        return new Set();
      case OPCODES.FROZENSET:
        return new Set(stack.popToMark());
      case OPCODES.ADDITEMS: {
        const items = stack.popToMark();
        const set = stack.topSet();
        for (const item of items) set.add(item);
        return undefined;
      }

      case OPCODES.BINPUT:
        this.#memo.set(reader.u8(), stack.top());
        return undefined;
      case OPCODES.LONG_BINPUT:
        this.#memo.set(reader.u32(), stack.top());
        return undefined;
      case OPCODES.MEMOIZE:
        this.#memo.set(this.#memo.size, stack.top());
        return undefined;
      case OPCODES.BINGET:
        return this.#memoized(reader.u8());
      case OPCODES.LONG_BINGET:
        return this.#memoized(reader.u32());

      case OPCODES.GLOBAL: {
        const module = this.#string(reader.line());
        return this.#global(module, this.#string(reader.line()));
      }
      case OPCODES.STACK_GLOBAL: {
        const [module, name] = stack.popMany(2);
        if (typeof module !== "string" || typeof name !== "string")
          throw new BrokenPickle("a class without a name");
        return this.#global(module, name);
      }
      case OPCODES.REDUCE:
      case OPCODES.NEWOBJ: {
        const args = stack.pop();
        return this.#describeCall(stack.pop(), args);
      }
      case OPCODES.NEWOBJ_EX: {
        const [target = null, args = null] = stack.popMany(3); // the third value, keyword arguments, is empty for modules
        return this.#describeCall(target, args);
      }
      case OPCODES.BUILD: {
        const state = stack.pop();
        const target = stack.top();
        // An OrderedDict may have attributes (a state dict's _metadata), which are not needed.
        if (target instanceof PickleObject) target.state = state;
        else if (!(target instanceof Map)) throw new BrokenPickle(`state for ${describeValue(target)}`);
        return undefined;
      }
      case OPCODES.BINPERSID:
        return new PicklePersistent(stack.pop());

      default:
        throw new BrokenPickle(`unknown opcode 0x${opcode.toString(16)}`);
    }
  }

  #global(module: string, name: string): PickleGlobal {
    const full = `${module}.${name}`;
    this.classes.add(full);
    if (!this.#isKnown(full)) this.foreign.add(full);
    return new PickleGlobal(full);
  }

  #describeCall(target: PickleValue, args: PickleValue): PickleValue {
    if (!(target instanceof PickleGlobal) || !Array.isArray(args)) {
      throw new BrokenPickle(`expected a class and its arguments, received ${describeValue(target)}`);
    }
    if (!this.#isKnown(target.name, args)) this.foreign.add(target.name);
    switch (target.name) {
      case "collections.OrderedDict":
        return new Map();
      case "__builtin__.set":
      case "builtins.set":
      case "__builtin__.frozenset":
      case "builtins.frozenset": {
        const [items] = args;
        if (!Array.isArray(items)) return new Set();
        // Only this copies: a short pickle could copy the same long list again and again.
        this.#spend(items.length);
        return new Set(items);
      }
      default:
        return new PickleObject(target.name, args);
    }
  }

  /** A two's complement integer, as a number where that is exact. */
  #integer(length: number): number | bigint {
    if (length > 64) throw new BrokenPickle(`an integer of ${length} bytes`);
    let value = 0n;
    for (const byte of this.#reader.bytes(length).toReversed()) value = (value << 8n) | BigInt(byte);
    value = BigInt.asIntN(8 * length, value);
    const rounded = Number(value);
    return Number.isSafeInteger(rounded) ? rounded : value;
  }

  #string(bytes: Uint8Array): string {
    try {
      return this.#text.decode(bytes);
    } catch (error) {
      throw new BrokenPickle("a string that is not UTF-8", { cause: error });
    }
  }

  #memoized(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw new BrokenPickle(`the memo has no entry ${index}`);
    return value;
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw new BrokenPickle(`more than ${MAX_STEPS} steps`);
  }
}

function append(items: readonly PickleValue[], list: PickleValue[]): void {
  for (const item of items) list.push(item);
}

function fill(pairs: readonly PickleValue[], dict: Map<PickleValue, PickleValue>): void {
  if (pairs.length % 2 !== 0) throw new BrokenPickle("a dict key without a value");
  for (let i = 0; i < pairs.length; i += 2) dict.set(pairs[i] ?? null, pairs[i + 1] ?? null);
}
