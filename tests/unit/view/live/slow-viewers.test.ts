import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { guardAccess } from "../../../../agent/view/live/access.ts";
import { openFeed } from "../../../../agent/view/live/feed.ts";
import { pageFiles } from "../../../../agent/view/live/page-files.ts";
import { serveView } from "../../../../agent/view/live/server.ts";
import type { Greeting } from "../../../../agent/view/page/protocol.ts";
import { recordingLog } from "../../../support/agent/log-lines.ts";
import { NO_HISTORY } from "../../../support/agent/no-history.ts";
import { manualClock } from "../../../support/time/manual-clock.ts";

const TOKEN = "0123456789abcdef";
const GREETING: Greeting = {
  type: "greeting",
  version: "0",
  model: "m",
  licence: "l",
  precision: "i8",
  runtime: "v8",
  canApply: false,
  cameras: [],
};
const PART = new Uint8Array(64 * 1024);

/** The bytes that the server holds in memory for this number of viewers that read nothing. */
async function heldFor(count: number): Promise<number> {
  const accepted: Socket[] = [];
  const note = (message: unknown) => accepted.push(Object(message).socket);
  const watching = new Set<(part: Uint8Array) => void>();
  const video = {
    watch(receive: (part: Uint8Array) => void) {
      watching.add(receive);
      return () => watching.delete(receive);
    },
  };
  const clock = manualClock();
  await using server = await serveView(
    { host: "127.0.0.1", port: 0, allowed_hosts: [] },
    {
      access: guardAccess(TOKEN, clock),
      feed: openFeed({ greeting: () => GREETING, monotonicMs: () => 0 }),
      history: NO_HISTORY,
      videos: new Map([["door", video]]),
      page: pageFiles(),
      lastFrames: new Map(),
      insight: { answer: () => undefined },
      applyShapes: undefined,
      cameras: ["door"],
      clock,
      log: recordingLog().log,
    },
  );
  const origin = `http://127.0.0.1:${server.port}`;
  const signedIn = await fetch(`${origin}/?token=${TOKEN}`, { redirect: "manual" });
  const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
  subscribe("net.server.socket", note);
  const viewers = Array.from({ length: count }, () => {
    return new WebSocket(`ws://127.0.0.1:${server.port}/cameras/door/video`, { headers: { cookie, origin } });
  });
  await Promise.all(viewers.map((viewer) => once(viewer, "open")));
  unsubscribe("net.server.socket", note);
  for (const viewer of viewers) viewer.pause();
  // The first megabytes fill the kernel's buffers. Nobody can read during the loop.
  for (let parts = 0; parts < 200; parts++) for (const receive of watching) receive(PART);
  const held = accepted.reduce((sum, socket) => sum + socket.writableLength, 0);
  for (const viewer of viewers) viewer.terminate();
  return held;
}

test("a viewer that does not read may be a megabyte behind, and all of them together 20 MB", async () => {
  expect(await heldFor(1)).toBeLessThan(1_000_000 + 2 * PART.length);
  const held = await heldFor(40);
  expect(held).toBeGreaterThan(10_000_000);
  expect(held).toBeLessThan(20_000_000 + 40 * 2 * PART.length);
});
