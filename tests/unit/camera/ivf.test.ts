import { expect, test } from "vitest";
import { ivfFrameHeader, ivfHeader } from "../../../agent/camera/ivf.ts";
import { formatOf } from "../../support/camera/access-units.ts";

test("a stream starts with its codec, its size and a time base of milliseconds", () => {
  const header = Buffer.from(ivfHeader(formatOf({ size: { width: 1920, height: 1080 } })));
  expect(header.toString("hex")).toBe(
    [
      "444b4946",
      "0000",
      "2000",
      "48323634",
      "8007",
      "4004",
      "e8030000",
      "01000000",
      "00000000",
      "00000000",
    ].join(""),
  );
});

test("an access unit starts with its length and a time of 64 bits", () => {
  const header = Buffer.from(ivfFrameHeader(0x01020304, 2 ** 40 + 5));
  expect(header.toString("hex")).toBe("040302010500000000010000");
});
