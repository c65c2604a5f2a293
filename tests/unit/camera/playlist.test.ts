import { expect, test } from "vitest";
import { playlistOf } from "../../../agent/camera/playlist.ts";

test("a playlist contains one address and its options", () => {
  expect(playlistOf("rtsp://cam:pass@10.0.0.7/stream", { rtsp_transport: "tcp" })).toBe(
    "ffconcat version 1.0\nfile 'rtsp://cam:pass@10.0.0.7/stream'\noption rtsp_transport 'tcp'\n",
  );
});

test("an address cannot close its quotes", () => {
  const playlist = playlistOf("rtsp://cam:it's@10.0.0.7/", {});
  expect(playlist).toContain("file 'rtsp://cam:it'\\''s@10.0.0.7/'\n");
});

test("an address cannot add a line", () => {
  expect(() => playlistOf("rtsp://10.0.0.7/\nfile /etc/passwd", {})).toThrow(RangeError);
});
