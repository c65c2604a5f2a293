import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { collectShape } from "../../../../agent/commands/compile/shape-option.ts";

describe("--shape", () => {
  test.each<[string, string, readonly number[]]>([
    ["images=1x3x320x320", "images", [1, 3, 320, 320]],
    ["ids=1×16", "ids", [1, 16]],
    ["a=b=4", "a=b", [4]],
    ["none=0", "none", [0]],
    ["scalar=", "scalar", []],
  ])("%s is a name and its sizes", (text, name, shape) => {
    expect(collectShape(text, undefined)).toEqual(new Map([[name, shape]]));
  });

  test("can be given several times", () => {
    const first = collectShape("a=1", undefined);
    expect([...collectShape("b=2x3", first)]).toEqual([
      ["a", [1]],
      ["b", [2, 3]],
    ]);
  });

  test.each(["1x3", "=1x3", "a=1x", "a=x", "a=-1", "a=1.5", "a=1,3", `a=${2 ** 31}`, "a=1x1x1x1x1x1x1x1x1"])(
    "%s is refused",
    (text) => {
      expect(() => collectShape(text, undefined)).toThrow(InvalidArgumentError);
    },
  );
});
