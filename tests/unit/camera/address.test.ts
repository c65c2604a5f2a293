import { expect, test } from "vitest";
import { withoutCredentials } from "../../../agent/camera/address.ts";

test.each([
  ["rtsp://user:secret@10.0.0.7/stream2", "rtsp://user:***@10.0.0.7/stream2"],
  ["rtsp://user:p@ss@host:554/a?b=c", "rtsp://user:***@host:554/a?b=c"],
  ["rtsp://:secret@host/", "rtsp://:***@host/"],
  ["mqtts://u:s3cret@broker: Connection refused", "mqtts://u:***@broker: Connection refused"],
  ["rtsp://user@host/stream", "rtsp://user@host/stream"],
  ["rtsp://host:554/stream", "rtsp://host:554/stream"],
  ["no address at all, me@example.org", "no address at all, me@example.org"],
])("%s is shown as %s", (text, shown) => {
  expect(withoutCredentials(text)).toBe(shown);
});

test("every address in a text loses its password", () => {
  expect(withoutCredentials("tried rtsp://a:x@h and then rtsp://b:y@h")).toBe(
    "tried rtsp://a:***@h and then rtsp://b:***@h",
  );
});
