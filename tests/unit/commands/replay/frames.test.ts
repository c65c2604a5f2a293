import { expect, test } from "vitest";
import { UsageError } from "../../../../agent/base/errors.ts";
import { requireClipFor } from "../../../../agent/commands/replay/frames.ts";

test("a camera has no end: options that need one are refused, for a clip they are not", () => {
  for (const options of [{ video: "seen.mp4" }, { against: "expected.txt" }]) {
    expect(() => requireClipFor("rtsp://camera/stream", options)).toThrow(UsageError);
    expect(() => requireClipFor("clip.mp4", options)).not.toThrow();
  }
  expect(() => requireClipFor("rtsp://camera/stream", {})).not.toThrow();
});

test("an address in which the login is ambiguous is refused", () => {
  expect(() => requireClipFor("rtsp://user:p@ss/word@camera/stream", {})).toThrow(UsageError);
});
