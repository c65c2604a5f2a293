import { expect, test } from "vitest";
import { startFfmpeg } from "../../../agent/camera/ffmpeg.ts";

test("removes control characters from ffmpeg's error lines, and shortens them", async () => {
  const says = String.raw`printf '[rtsp @ 0x1] \033]0;pwn\007 \302\23331m \342\200\256\n' >&2; head -c 1000000 /dev/zero | tr '\0' A >&2`;
  await using run = startFfmpeg("sh", ["-c", says], new AbortController().signal);
  const [first, second = ""] = (await run.ended).errorLines;
  expect(first).toBe("�]0;pwn� �31m �");
  expect(second).toMatch(/^A{299}…$/);
});

/** Lines as ffmpeg 5.1 writes them without a device. */
test.each([
  ["Device creation failed: -542398533.", "Device creation failed: a library that ffmpeg uses has failed."],
  ["Device creation failed: -22.", "Device creation failed: invalid argument."],
  ["Error code -1128613112", "Error code decoder not found"],
  ["Failed to initialise VAAPI connection: -1 (x).", "Failed to initialise VAAPI connection: -1 (x)."],
  ["pts -123456789 and -1234567890", "pts -123456789 and -1234567890"],
])("%s has words instead of the number of a known error", async (written, shown) => {
  await using run = startFfmpeg("sh", ["-c", `echo '${written}' >&2`], new AbortController().signal);
  expect((await run.ended).errorLines).toEqual([shown]);
});
