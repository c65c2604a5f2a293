import { expect, test } from "vitest";
import { parseColours } from "../../../agent/camera/raw-frames.ts";

test.each([
  ["yuv420p", "bt601", "limited"],
  ["yuv420p(progressive)", "bt601", "limited"],
  ["yuv420p(tv, progressive)", "bt601", "limited"],
  ["yuv420p(tv, bt709, progressive)", "bt709", "limited"],
  ["yuv420p(pc, bt709, progressive)", "bt709", "full"],
  ["yuvj420p(pc, bt709/unknown/unknown, progressive)", "bt709", "full"],
  ["yuvj420p(pc, bt470bg/bt709/bt709)", "bt601", "full"],
  ["yuvj420p", "bt601", "full"],
  ["yuv420p(tv, smpte170m, progressive)", "bt601", "limited"],
])("reads %s as %s, %s range", (words, matrix, range) => {
  const line = `  Stream #0:0(und): Video: rawvideo (I420 / 0x30323449), ${words}, 768x432 [SAR 1:1 DAR 16:9], q=2-31, 10 fps`;
  expect(parseColours(line)).toEqual({ matrix, range });
});
