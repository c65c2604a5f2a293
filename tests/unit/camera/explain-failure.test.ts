import { expect, test } from "vitest";
import { ConfigError, TransientError } from "../../../agent/base/errors.ts";
import { explainFailure } from "../../../agent/camera/explain-failure.ts";

/** Lines as ffmpeg 5.1 and 7.1 write them. */
test.each([
  [
    "[rtsp @ 0x5] method DESCRIBE failed: 401 Unauthorized",
    ConfigError,
    "refuses this user name or password",
  ],
  ["Server returned 403 Forbidden (access denied)", ConfigError, "refuses this user name or password"],
  ["[rtsp @ 0x5] method DESCRIBE failed: 404 Not Found", ConfigError, "has no such stream"],
  [
    "Decoder (codec none) not found for input stream #0:0",
    ConfigError,
    "no video that this ffmpeg can decode",
  ],
  ["Unrecognized option 'fps_mode'.", ConfigError, "too old"],
  [
    "[tcp @ 0x5] Connection to tcp://10.0.0.7:554 failed: Connection refused",
    TransientError,
    "cannot be reached",
  ],
  [
    "[tcp @ 0x5] Connection to tcp://10.0.0.7:554 failed: Connection timed out",
    TransientError,
    "cannot be reached",
  ],
  [
    "[tcp @ 0x5] Failed to resolve hostname door.lan: Name or service not known",
    TransientError,
    "cannot be resolved",
  ],
  ["something new", TransientError, "the stream ended (ffmpeg: something new)"],
])("explains %s", (line, kind, words) => {
  const error = explainFailure("door", ["[h264 @ 0x5] error while decoding MB 3 4", line]);
  expect(error).toBeInstanceOf(kind);
  expect(error.message).toMatch(/^door: /);
  expect(error.message).toContain(words);
  expect(error.remedy).not.toBe("");
});

test("a stream that ends without an error line is retried", () => {
  expect(explainFailure("door", [])).toBeInstanceOf(TransientError);
});
