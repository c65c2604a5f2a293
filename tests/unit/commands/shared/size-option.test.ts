import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { parseSize, showSize } from "../../../../agent/commands/shared/size-option.ts";

describe("--size", () => {
  test("accepts WIDTHxHEIGHT, square or not", () => {
    expect(parseSize("640x384")).toEqual({ width: 640, height: 384 });
    expect(parseSize("320×320")).toEqual({ width: 320, height: 320 });
    expect(showSize(parseSize("640X384"))).toBe("640x384");
  });

  test.each(["640", "640x360", "4128x32", "0x32", "-32x32", "640x384x3", "6.4e2x384", ""])(
    "refuses %j",
    (text) => {
      expect(() => parseSize(text)).toThrow(InvalidArgumentError);
    },
  );
});
