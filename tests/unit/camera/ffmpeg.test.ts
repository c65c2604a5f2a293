import { expect, test } from "vitest";
import { startFfmpeg } from "../../../agent/camera/ffmpeg.ts";

test("removes control characters from ffmpeg's error lines, and shortens them", async () => {
  const says = String.raw`printf '[rtsp @ 0x1] \033]0;pwn\007 \302\23331m \342\200\256\n' >&2; head -c 1000000 /dev/zero | tr '\0' A >&2`;
  await using run = startFfmpeg("sh", ["-c", says], new AbortController().signal);
  await run.ended;
  const [first, second = ""] = run.errorLines();
  expect(first).toBe("�]0;pwn� �31m �");
  expect(second).toMatch(/^A{299}…$/);
});
