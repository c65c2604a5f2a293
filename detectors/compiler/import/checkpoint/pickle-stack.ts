import { describeValue, type PickleValue } from "./pickle-value.ts";

/** The pickle contains an operation that no pickler writes. */
export class BrokenPickle extends Error {
  override readonly name = "BrokenPickle";
}

/** The stack of the pickle machine. A mark opens a level; everything above the last mark can be popped at once. */
export class PickleStack {
  #level: PickleValue[] = [];
  readonly #below: PickleValue[][] = [];

  push(value: PickleValue): void {
    this.#level.push(value);
  }

  mark(): void {
    this.#below.push(this.#level);
    this.#level = [];
  }

  /** Whether the level above the last mark is empty. */
  get atMark(): boolean {
    return this.#level.length === 0;
  }

  /** @throws BrokenPickle when the level is empty, like all methods that read the stack. */
  pop(): PickleValue {
    const value = this.top();
    this.#level.pop();
    return value;
  }

  top(): PickleValue {
    const value = this.#level.at(-1);
    if (value === undefined) throw new BrokenPickle("the stack is empty");
    return value;
  }

  popMany(count: number): PickleValue[] {
    if (this.#level.length < count) throw new BrokenPickle("the stack is empty");
    return this.#level.splice(this.#level.length - count);
  }

  popToMark(): PickleValue[] {
    const below = this.#below.pop();
    if (!below) throw new BrokenPickle("there is no mark on the stack");
    const items = this.#level;
    this.#level = below;
    return items;
  }

  topList(): PickleValue[] {
    const list = this.top();
    if (!Array.isArray(list)) throw new BrokenPickle(`expected a list, received ${describeValue(list)}`);
    return list;
  }

  topDict(): Map<PickleValue, PickleValue> {
    const dict = this.top();
    if (!(dict instanceof Map)) throw new BrokenPickle(`expected a dict, received ${describeValue(dict)}`);
    return dict;
  }

  topSet(): Set<PickleValue> {
    const set = this.top();
    if (!(set instanceof Set)) throw new BrokenPickle(`expected a set, received ${describeValue(set)}`);
    return set;
  }
}
