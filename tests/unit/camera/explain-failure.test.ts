import { expect, test } from "vitest";
import { ConfigError, TransientError } from "../../../agent/base/errors.ts";
import { explainFailure } from "../../../agent/camera/explain-failure.ts";

/** Lines as ffmpeg 5.1 and 7.1 write them. */
test.each([
  ["Decoder (codec none) not found for input stream #0:0", ConfigError, "cannot decode the stream's codec"],
  ["Unrecognized option 'fps_mode'.", ConfigError, "too old"],
  [
    "[IMGUTILS @ 0x5] Picture size 16000x16000 exceeds specified max pixel count 8912896",
    ConfigError,
    "8.912896 megapixels",
  ],
  [
    "Error while decoding stream #0:0: Cannot allocate memory",
    TransientError,
    "more memory than ffmpeg may use",
  ],
  [
    "[Parsed_crop_1 @ 0x5] Invalid too big or non positive size",
    TransientError,
    "the frame size has changed",
  ],
  ["something new", TransientError, "the decoder ended (ffmpeg: something new)"],
])("explains %s", (line, kind, words) => {
  const error = explainFailure("door", {
    errorLines: ["[h264 @ 0x5] error while decoding MB 3 4", line],
    signal: null,
  });
  expect(error).toBeInstanceOf(kind);
  expect(error.message).toMatch(/^door: /);
  expect(error.message).toContain(words);
  expect(error.remedy).not.toBe("");
});

test("a decoder that ends without an error line is started again", () => {
  expect(explainFailure("door", { errorLines: [], signal: null })).toBeInstanceOf(TransientError);
});

test.each([
  ["SIGKILL", "door: ffmpeg was killed (SIGKILL), most likely because memory ran out", "journalctl -k"],
  ["SIGSEGV", "door: ffmpeg crashed (SIGSEGV)", "Update ffmpeg"],
  ["SIGABRT", "door: ffmpeg crashed (SIGABRT)", "Update ffmpeg"],
  ["SIGSYS", "door: ffmpeg made a system call that it is not allowed to make (SIGSYS)", "SystemCallFilter"],
  ["SIGTERM", "door: ffmpeg was ended by another program (SIGTERM)", "which program"],
] as const)("a decoder that %s ended says so", (signal, message, remedy) => {
  const error = explainFailure("door", { errorLines: ["error while decoding MB 3 4"], signal });
  expect(error).toBeInstanceOf(TransientError);
  expect(error.message).toBe(message);
  expect(error.remedy).toContain(remedy);
});

test("a decoder that crashes at its memory limit names the limit as the cause", () => {
  const error = explainFailure("door", { errorLines: ["Cannot allocate memory"], signal: "SIGSEGV" });
  expect(error.message).toContain("more memory than ffmpeg may use");
});
