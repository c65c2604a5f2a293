import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { collectConstant, collectState } from "../../../../agent/commands/compile/input-options.ts";

describe("--state", () => {
  test("collects pairs of an output and an input", () => {
    const first = collectState("hn=h", undefined);
    expect(collectState("c/out:0=c=in", first)).toEqual([
      { output: "hn", input: "h" },
      { output: "c/out:0", input: "c=in" },
    ]);
  });

  test.each(["", "hn", "=h", "hn="])("refuses %j", (text) => {
    expect(() => collectState(text, undefined)).toThrow(InvalidArgumentError);
  });
});

describe("--constant", () => {
  test("collects numbers by name", () => {
    const first = collectConstant("sr=16000", undefined);
    expect([...collectConstant("a=b=-0.5", first)]).toEqual([
      ["sr", 16000],
      ["a=b", -0.5],
    ]);
  });

  test.each(["sr", "sr=", "=5", "sr=high", "sr=Infinity", "sr= "])("refuses %j", (text) => {
    expect(() => collectConstant(text, undefined)).toThrow(InvalidArgumentError);
  });
});
