import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import { parseSize, showSize } from "../../../../agent/commands/shared/size-option.ts";

describe("--size", () => {
  it("is WIDTHxHEIGHT, and need not be square", () => {
    expect(parseSize("640x384")).toEqual({ width: 640, height: 384 });
    expect(parseSize("320×320")).toEqual({ width: 320, height: 320 });
    expect(showSize(parseSize("640X384"))).toBe("640x384");
  });

  it.each(["640", "640x360", "4128x32", "0x32", "-32x32", "640x384x3", "6.4e2x384", ""])(
    "is not %j",
    (text) => {
      expect(() => parseSize(text)).toThrow(InvalidArgumentError);
    },
  );
});
