import { expect, test } from "vitest";
import { ConfigError } from "../../../../agent/base/errors.ts";
import type { CameraShapes } from "../../../../agent/config/write-shapes.ts";
import { guardAccess } from "../../../../agent/view/live/access.ts";
import type { ApplyShapes } from "../../../../agent/view/live/apply-shapes.ts";
import { openFeed } from "../../../../agent/view/live/feed.ts";
import { pageFiles } from "../../../../agent/view/live/page-files.ts";
import { serveView } from "../../../../agent/view/live/server.ts";
import { recordingLog } from "../../../support/agent/log-lines.ts";
import { NO_HISTORY } from "../../../support/agent/no-history.ts";
import { manualClock } from "../../../support/time/manual-clock.ts";

const TOKEN = "0123456789abcdef";
const SHAPES: CameraShapes = {
  zones: [{ name: "porch", before: "steps", coordinates: "0,0,1,0,1,1" }],
  motionMasks: ["0,0,1,0,1,1"],
  objectMasks: [],
};

async function openView(applyShapes: ApplyShapes | undefined) {
  const clock = manualClock();
  const server = await serveView(
    { host: "127.0.0.1", port: 0, allowed_hosts: [] },
    {
      access: guardAccess(TOKEN, clock),
      feed: openFeed({ greeting: () => Object({ type: "greeting", cameras: [] }), monotonicMs: () => 0 }),
      history: NO_HISTORY,
      videos: new Map(),
      lastFrames: new Map(),
      insight: { answer: () => undefined },
      applyShapes,
      page: pageFiles(),
      cameras: ["door"],
      clock,
      log: recordingLog().log,
    },
  );
  const origin = `http://127.0.0.1:${server.port}`;
  const signedIn = await fetch(`${origin}/?token=${TOKEN}`, { redirect: "manual" });
  const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
  async function post(
    body = JSON.stringify(SHAPES),
    { headers = { cookie, origin }, path = "/cameras/door/shapes" }: PostOptions = {},
  ) {
    const reply = await fetch(origin + path, { method: "POST", headers, body });
    return { status: reply.status, text: await reply.text() };
  }
  return { origin, cookie, post, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** Remembers what it is asked to write. */
function recorder() {
  const written: unknown[] = [];
  const apply: ApplyShapes = async (camera, shapes) => void written.push([camera, shapes]);
  return { written, apply };
}

test("the page of a signed-in user changes the configuration where this is allowed", async () => {
  const { written, apply } = recorder();
  await using view = await openView(apply);
  expect((await view.post()).status).toBe(200);
  expect(written).toEqual([["door", SHAPES]]);
});

test("it is refused where the configuration does not allow it, and to strangers and other sites", async () => {
  await using closed = await openView(undefined);
  expect((await closed.post()).status).toBe(403);
  const { written, apply } = recorder();
  await using view = await openView(apply);
  const { origin, cookie } = view;
  for (const [headers, status] of [
    [{ origin }, 401],
    [{ origin, cookie: `${cookie}x` }, 401],
    [{ cookie, origin: "http://evil.lan" }, 403],
    [{ cookie, origin: "null" }, 403],
    [{ cookie }, 403],
    [{ cookie, origin, "sec-fetch-site": "cross-site" }, 403],
  ] as const) {
    expect((await view.post(undefined, { headers })).status).toBe(status);
  }
  expect(written).toEqual([]);
});

test.each([
  ["invalid JSON", "{", 400],
  ["an empty object", "{}", 400],
  ["an unknown key", JSON.stringify({ ...SHAPES, other: 1 }), 400],
  [
    "settings of a zone",
    JSON.stringify({ ...SHAPES, zones: [{ name: "a", coordinates: "0", settings: {} }] }),
    400,
  ],
  ["too many masks", JSON.stringify({ ...SHAPES, motionMasks: new Array(201).fill("0,0,1,0,1,1") }), 400],
  ["a body that is too long", "x".repeat(200_000), 413],
])("a request is refused with %s", async (_, body, status) => {
  const { written, apply } = recorder();
  await using view = await openView(apply);
  expect((await view.post(body)).status).toBe(status);
  expect(written).toEqual([]);
});

test("an unknown camera is refused, and a failure is reported with its remedy", async () => {
  await using view = await openView(async () => {
    throw new ConfigError("cannot write the configuration", "Copy the YAML.");
  });
  expect((await view.post(undefined, { path: "/cameras/garden/shapes" })).status).toBe(404);
  const { status, text } = await view.post();
  expect(status).toBe(409);
  expect(JSON.parse(text)).toEqual({ problem: "cannot write the configuration", remedy: "Copy the YAML." });
});
