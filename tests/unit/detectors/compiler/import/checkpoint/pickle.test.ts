import { describe, expect, test } from "vitest";
import { unpickle } from "../../../../../../detectors/compiler/import/checkpoint/pickle.ts";
import { OPCODES as O } from "../../../../../../detectors/compiler/import/checkpoint/pickle-opcodes.ts";
import {
  PickleGlobal,
  PickleObject,
  PicklePersistent,
  type PickleValue,
} from "../../../../../../detectors/compiler/import/checkpoint/pickle-value.ts";
import { ModelError } from "../../../../../../detectors/errors.ts";
import {
  call,
  float,
  global,
  object,
  type PyValue,
  pickle,
  tuple,
} from "../../../../../support/models/pickler.ts";

const everything = (): boolean => true;
const nothing = (): boolean => false;

function fromHex(hex: string): PickleValue {
  return unpickle(Uint8Array.from(Buffer.from(hex, "hex")), everything);
}

function read(value: PyValue): PickleValue {
  return unpickle(pickle(value), everything);
}

function readBytes(...bytes: readonly (number | readonly number[])[]): PickleValue {
  return unpickle(Uint8Array.from([O.PROTO, 2, ...bytes.flat()]), everything);
}

describe("a pickle", () => {
  test("becomes plain data", () => {
    const value = read(
      new Map<string, PyValue>([
        ["none", null],
        ["yes", true],
        ["no", false],
        ["int", -70000],
        ["float", float(0.25)],
        ["text", "Zürich 🐦"],
        ["list", [1, "two"]],
        ["tuple", tuple(1, 2, 3, 4)],
        ["set", call("builtins.set", [1, 1, 2])],
        ["ordered", call("collections.OrderedDict")],
      ]),
    );
    expect(value).toEqual(
      new Map<PickleValue, PickleValue>([
        ["none", null],
        ["yes", true],
        ["no", false],
        ["int", -70000],
        ["float", 0.25],
        ["text", "Zürich 🐦"],
        ["list", [1, "two"]],
        ["tuple", [1, 2, 3, 4]],
        ["set", new Set([1, 2])],
        ["ordered", new Map()],
      ]),
    );
  });

  test("is also read in protocols 4 and 5, with frames, memoised names, long integers and bytes", () => {
    // pickle.dumps({'a': [1, -1, 2**40, 2**80], 'b': b'xy', 'c': {3}, 'd': ('a', 1.5)}, 4), by CPython
    expect(
      fromHex(
        "8004954d000000000000007d94288c0161945d94284b014affffffff8a060000000000018a0b0000000000000000000001658c01629443" +
          "027879948c0163948f94284b03908c0164946801473ff80000000000008694752e",
      ),
    ).toEqual(
      new Map<PickleValue, PickleValue>([
        ["a", [1, -1, 2 ** 40, 2n ** 80n]],
        ["b", Uint8Array.of(0x78, 0x79)],
        ["c", new Set([3])],
        ["d", ["a", 1.5]],
      ]),
    );
  });

  test("keeps classes, calls and storages as records", () => {
    const value = read([global("os.sep"), call("os.system", "true"), { kind: "persistent", id: "7" }]);
    expect(value).toEqual([
      new PickleGlobal("os.sep"),
      new PickleObject("os.system", ["true"]),
      new PicklePersistent("7"),
    ]);
  });

  test("shares memoised values, even recursively", () => {
    // l = []; l.append(l)
    const value = readBytes(O.EMPTY_LIST, O.BINPUT, 0, O.BINGET, 0, O.APPEND, O.STOP);
    expect(Array.isArray(value) && value[0]).toBe(value);
  });

  test("cannot reach an object's prototype through a key", () => {
    const evil = new Map<string, PyValue>([["__proto__", new Map([["polluted", true]])]]);
    const value = read(object("models.common.Conv", evil));
    expect(value instanceof PickleObject && value.state).toEqual(
      new Map([["__proto__", new Map([["polluted", true]])]]),
    );
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    expect({}).not.toHaveProperty("polluted");
  });
});

describe("a hostile pickle", () => {
  test("is refused with the names of all its foreign classes", () => {
    const bytes = pickle([
      call("posix.system", "touch /tmp/owned"),
      call("builtins.eval", "1"),
      global("a.known"),
    ]);
    const error = catchModelError(() => unpickle(bytes, (name) => name === "a.known"));
    expect(error.message).toContain("posix.system, builtins.eval");
    expect(error.message).not.toContain("a.known");
    expect(error.message).toContain("Nothing was run");
    expect(error.remedy).toMatch(/trust.*ONNX/);
  });

  test("is refused for its foreign classes also when it is truncated behind them", () => {
    const whole = pickle(call("posix.system", "true"));
    const error = catchModelError(() => unpickle(whole.subarray(0, whole.length - 3), nothing));
    expect(error.message).toContain("posix.system");
  });

  test("is also refused in protocol 0, which torch never writes", () => {
    const error = catchModelError(() => unpickle(Buffer.from("cposix\nsystem\n(S'true'\ntR."), nothing));
    expect(error.message).toContain("posix.system");
  });

  test("cannot call a function that is allowed only as a name", () => {
    const bytes = pickle(call("builtins.getattr", "text", "__class__"));
    const error = catchModelError(() => unpickle(bytes, (_name, args) => args === undefined));
    expect(error.message).toContain("builtins.getattr");
  });

  test("does not grow the memo to the requested index", () => {
    expect(readBytes(O.NONE, O.LONG_BINPUT, [0xff, 0xff, 0xff, 0xff], O.STOP)).toBeNull();
  });

  test("may nest 400,000 levels deep without a stack overflow", () => {
    const levels = 400_000;
    const value = readBytes(
      O.NONE,
      Array.from({ length: levels }, () => O.TUPLE1),
      O.STOP,
    );
    let depth = 0;
    for (let inner: PickleValue | undefined = value; Array.isArray(inner); inner = inner[0]) depth++;
    expect(depth).toBe(levels);
  });

  test.each<[string, () => PickleValue]>([
    [
      "a million dicts",
      () =>
        readBytes(
          O.MARK,
          Array.from({ length: 1_000_001 }, () => O.EMPTY_DICT),
          O.LIST,
          O.STOP,
        ),
    ],
    [
      "many copies of a long list",
      () => {
        const copy = [O.BINGET, 0, O.BINGET, 1, O.TUPLE1, O.REDUCE];
        return readBytes(
          [...Buffer.from("cbuiltins\nset\n"), O.BINPUT, 0, O.EMPTY_LIST, O.BINPUT, 1, O.MARK],
          Array.from({ length: 2000 }, () => O.NONE),
          [O.APPENDS],
          Array.from({ length: 2000 }, () => copy).flat(),
          [O.STOP],
        );
      },
    ],
    ["an integer of 4 GB", () => readBytes(O.LONG4, [0xff, 0xff, 0xff, 0xff], O.STOP)],
    [
      "a string of 2⁶⁴ bytes",
      () =>
        readBytes(
          O.BINUNICODE8,
          Array.from({ length: 8 }, () => 0xff),
          O.STOP,
        ),
    ],
    ["17 MB", () => unpickle(new Uint8Array(17 * 2 ** 20), everything)],
  ])("cannot allocate %s", (_what, ask) => {
    expect(ask).toThrow(ModelError);
  });
});

describe("a damaged pickle", () => {
  test("causes a ModelError wherever it is truncated", () => {
    const bytes = pickle(
      new Map<string, PyValue>([["model", object("models.yolo.Model", new Map([["nc", 80]]))]]),
    );
    for (let length = 0; length < bytes.length; length++) {
      const error = catchModelError(() => unpickle(bytes.subarray(0, length), everything));
      expect(error.message).toContain("damaged");
    }
  });

  test("causes a ModelError or other data, never a crash, whichever byte is changed", () => {
    const bytes = pickle([
      call("a.b", 1, float(2.5), "three"),
      tuple(global("c.d")),
      new Map([["k", [null, true]]]),
    ]);
    for (let at = 0; at < bytes.length; at++) {
      for (const bits of [0x01, 0x20, 0x80, 0xff]) {
        const altered = bytes.slice();
        altered[at] = (altered[at] ?? 0) ^ bits;
        try {
          unpickle(altered, everything);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
        }
      }
    }
  });

  test.each<[string, () => PickleValue]>([
    ["pops from an empty stack", () => readBytes(O.APPEND, O.STOP)],
    ["pops to a missing mark", () => readBytes(O.NONE, O.TUPLE, O.STOP)],
    ["reads a memo entry that does not exist", () => readBytes(O.BINGET, 9, O.STOP)],
    ["appends to a dict", () => readBytes(O.EMPTY_DICT, O.NONE, O.APPEND, O.STOP)],
    ["has a key without a value", () => readBytes(O.EMPTY_DICT, O.MARK, O.NONE, O.SETITEMS, O.STOP)],
    ["calls a number", () => readBytes(O.BININT1, 1, O.EMPTY_TUPLE, O.REDUCE, O.STOP)],
    ["builds a number", () => readBytes(O.BININT1, 1, O.NONE, O.BUILD, O.STOP)],
    ["has a string that is not UTF-8", () => readBytes(O.SHORT_BINUNICODE, 1, 0xff, O.STOP)],
    ["uses an unknown opcode", () => readBytes(0xfe, O.STOP)],
    ["has a future protocol", () => unpickle(Uint8Array.of(O.PROTO, 6, O.NONE, O.STOP), everything)],
  ])("is refused when it %s", (_what, ask) => {
    expect(ask).toThrow(ModelError);
  });
});

function catchModelError(action: () => unknown): ModelError {
  try {
    action();
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error("expected a ModelError");
}
