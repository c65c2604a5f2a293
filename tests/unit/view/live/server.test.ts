import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { ConfigError } from "../../../../agent/base/errors.ts";
import { guardAccess } from "../../../../agent/view/live/access.ts";
import type { Feed } from "../../../../agent/view/live/feed.ts";
import { pageFiles } from "../../../../agent/view/live/page-files.ts";
import { JSMPEG_STYLE_HASH } from "../../../../agent/view/live/security-headers.ts";
import { serveView, type ViewServer } from "../../../../agent/view/live/server.ts";
import { type LogLine, recordingLog } from "../../../support/agent/log-lines.ts";
import { NO_HISTORY } from "../../../support/agent/no-history.ts";
import { type ManualClock, manualClock } from "../../../support/time/manual-clock.ts";

const TOKEN = "0123456789abcdef";
const PROGRAMS = readdirSync(new URL("../../../../agent/view/page/", import.meta.url)).filter((name) =>
  name.endsWith(".ts"),
);
const JPEG = Buffer.from("an image");

const feed: Feed = {
  show: async () => {},
  tap: (frames) => frames,
  publish() {},
  refresh() {},
  subscribe(hear) {
    hear({
      type: "event",
      id: "1.5-abc",
      camera: "door",
      label: "person",
      topScore: 0.8,
      startMs: 1,
      endMs: 2,
      zones: [],
      still: false,
      snapshots: 1,
    });
    return () => {};
  },
  eventSnapshot: (id) => (id === "1.5-abc" ? JPEG : undefined),
  nextStill: async () => ({ jpeg: JPEG, timeMs: 1_700_000_000_123 }),
};
const LAST = Buffer.from("the last image");
const lastFrames = new Map([["door", { jpeg: async () => LAST }]]);
const watched: string[] = [];
const videos = new Map([
  [
    "door",
    {
      watch(receive: (part: Uint8Array) => void) {
        watched.push("came");
        receive(Uint8Array.of(0x47, 1, 2));
        return () => watched.push("left");
      },
    },
  ],
]);

/** A server with a manual clock and a recorded log. */
interface Opened extends ViewServer {
  readonly clock: ManualClock;
  readonly lines: readonly LogLine[];
}

let server: Opened;
let base = "";
beforeAll(async () => {
  server = await open();
  base = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server[Symbol.asyncDispose]());

async function open(port = 0, allowedHosts: string[] = []): Promise<Opened> {
  const clock = manualClock();
  const { log, lines } = recordingLog();
  const opened = await serveView(
    { host: "127.0.0.1", port, allowed_hosts: allowedHosts },
    {
      access: guardAccess(TOKEN, clock),
      feed,
      history: NO_HISTORY,
      videos,
      lastFrames,
      insight: { answer: () => undefined },
      applyShapes: undefined,
      page: pageFiles(),
      cameras: ["door"],
      clock,
      log,
    },
  );
  return { ...opened, clock, lines };
}

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${base}${path}`, { redirect: "manual", ...init });

async function cookie(): Promise<string> {
  const reply = await ask(`/?token=${TOKEN}`);
  return reply.headers.get("set-cookie")?.split(";")[0] ?? "";
}

async function statusOf(path: string, headers: Record<string, string>): Promise<number | "open"> {
  const socket = new WebSocket(`${base.replace("http", "ws")}${path}`, { headers });
  return new Promise((resolve) => {
    socket.on("open", () => {
      resolve("open");
      socket.close();
    });
    socket.on("unexpected-response", (request, { statusCode = 0 }) => {
      resolve(statusCode);
      request.destroy();
    });
    socket.on("error", () => {});
  });
}

describe("a stranger", () => {
  test("gets only the page that asks for the token", async () => {
    const reply = await ask("/");
    expect(reply.status).toBe(401);
    const page = await reply.text();
    expect(page).toContain('<label for="token">Token</label>');
    expect(page).not.toContain("door");
  });

  test.each([
    "/main.js",
    "/index.html",
    "/jsmpeg-player.js",
    "/events/1.5-abc.jpg",
    "/cameras/door.jpg",
    "/history/days?edges=0,1",
    "/history/events?from=0&to=1",
    "/history/events/1.5-abc",
    "/history/events/1.5-abc.jpg",
    "/cameras/door/last.jpg",
    "/cameras/door/activity",
    "/cameras/door/config",
    "/nowhere",
  ])("cannot get %s", async (path) => {
    const reply = await ask(path, { headers: { cookie: "sabrewing=1" } });
    expect(reply.status).toBe(401);
    expect(await reply.text()).toBe("Open the live view and enter its token first.\n");
  });

  test.each(["/live", "/cameras/door/video"])("cannot open the socket %s", async (path) => {
    expect(await statusOf(path, { origin: base })).toBe(401);
  });

  test("gets the style sheet and the icon of that page", async () => {
    expect((await ask("/style.css")).headers.get("content-type")).toBe("text/css; charset=utf-8");
    expect((await ask("/icon.svg")).headers.get("content-type")).toBe("image/svg+xml");
  });
});

describe("the token", () => {
  test("in the address signs a browser in and is removed from the address", async () => {
    const reply = await ask(`/?token=${TOKEN}`);
    expect(reply.status).toBe(303);
    expect(reply.headers.get("location")).toBe("./");
    const page = await ask("/", { headers: { cookie: await cookie() } });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<div id="cameras"');
  });

  test("can be sent by the form, and signing out removes the cookie", async () => {
    const body = new URLSearchParams({ token: TOKEN });
    const reply = await ask("/enter", { method: "POST", body });
    expect(reply.headers.get("set-cookie")).toContain("HttpOnly; SameSite=Strict");
    const leaving = await ask("/leave", { method: "POST", headers: { origin: base } });
    expect(leaving.headers.get("set-cookie")).toMatch(/=; Max-Age=0;/);
  });

  test.each(["http://evil.example", "null"])("cannot be removed by the page of %s", async (origin) => {
    const leaving = await ask("/leave", { method: "POST", headers: { origin, cookie: await cookie() } });
    expect([leaving.status, leaving.headers.get("set-cookie")]).toEqual([403, null]);
  });

  test("is requested again after an increasing delay if it is wrong, but the right one is accepted at once", async () => {
    await using other = await open();
    const enter = (token: string) =>
      fetch(`http://127.0.0.1:${other.port}/enter`, {
        method: "POST",
        body: new URLSearchParams({ token }),
        redirect: "manual",
      });
    const waiting = [enter("wrong"), enter("wrong"), enter("wrong")];
    const answered: unknown[] = [];
    for (const reply of waiting)
      void reply.then(({ status, headers }) => answered.push([status, headers.get("location")]));
    await expect.poll(async () => (await enter("wrong")).status).toBe(429);
    expect((await enter("wrong")).headers.get("retry-after")).toBe("1");
    const right = await enter(TOKEN);
    expect([right.status, right.headers.get("location")]).toEqual([303, "./"]);
    expect(answered).toEqual([]);
    await other.clock.pass(1_000);
    await Promise.all(waiting);
    expect(answered).toEqual([
      [303, "./#wrong"],
      [303, "./#wrong"],
      [303, "./#wrong"],
    ]);
    expect(other.lines.filter(({ msg }) => msg.includes("wrong token"))).toHaveLength(1);
  });

  test.each<[string, Record<string, string>]>([
    ["an image", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }],
    ["an image of a browser without Sec-Fetch headers", { accept: "image/avif,image/webp,*/*;q=0.8" }],
  ])("cannot be tried by %s on another site's page", async (_what, headers) => {
    await using other = await open();
    for (let times = 0; times < 20; times++) {
      const reply = await fetch(`http://127.0.0.1:${other.port}/?token=wrong`, { headers });
      expect(reply.status).toBe(403);
    }
    expect(other.lines.map(({ msg }) => msg)).toEqual([
      "the live view refused a request that the page of another site sent",
    ]);
  });

  test("cannot be tried by the form of another site's page", async () => {
    const body = new URLSearchParams({ token: "wrong" });
    const headers = { origin: "http://evil.example" };
    expect((await ask("/enter", { method: "POST", body, headers })).status).toBe(403);
  });

  test("is not read from a body that is too long", async () => {
    const body = new URLSearchParams({ token: "x".repeat(10_000) });
    expect((await ask("/enter", { method: "POST", body })).status).toBe(413);
  });
});

describe("a signed-in browser", () => {
  test("gets the page's scripts as modules that browsers understand", async () => {
    const headers = { cookie: await cookie() };
    const reply = await ask("/main.js", { headers });
    expect(reply.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    const imported = [...(await reply.text()).matchAll(/from "\.\/([\w.-]+)"/g)].map(([, name]) => name);
    expect(imported.length).toBeGreaterThan(3);
    for (const name of imported) expect((await ask(`/${name}`, { headers })).status).toBe(200);
    expect((await ask("/jsmpeg-player.js", { headers })).status).toBe(200);
  });

  test("does not receive cached files again", async () => {
    const headers = { cookie: await cookie() };
    const etag = (await ask("/main.js", { headers })).headers.get("etag") ?? "";
    expect((await ask("/main.js", { headers: { ...headers, "if-none-match": etag } })).status).toBe(304);
  });

  test("gets images, which must not be cached", async () => {
    const headers = { cookie: await cookie() };
    for (const path of ["/events/1.5-abc.jpg", "/cameras/door.jpg"]) {
      const reply = await ask(path, { headers });
      expect(reply.headers.get("cache-control")).toBe("no-store");
      expect(Buffer.from(await reply.arrayBuffer())).toEqual(JPEG);
    }
  });

  test("gets a camera's next frame with its time, and its last frame", async () => {
    const headers = { cookie: await cookie() };
    const next = await ask("/cameras/door.jpg", { headers });
    expect(next.headers.get("frame-time")).toBe("1700000000123");
    const last = await ask("/cameras/door/last.jpg", { headers });
    expect(Buffer.from(await last.arrayBuffer())).toEqual(LAST);
  });

  test.each([
    ["/events/unknown.jpg", 404],
    ["/cameras/garden.jpg", 404],
    ["/cameras/garden/last.jpg", 404],
    ["/nothing", 404],
    ["/..%2f..%2fpackage.json", 404],
    ["/tsconfig.json", 404],
    ["//", 400],
  ])("gets for %s the status %i", async (path, status) => {
    expect((await ask(path, { headers: { cookie: await cookie() } })).status).toBe(status);
  });

  test("receives messages and video on WebSockets", async () => {
    const headers = { cookie: await cookie(), origin: base };
    const live = new WebSocket(`${base.replace("http", "ws")}/live`, { headers });
    const [told] = await once(live, "message");
    expect(JSON.parse(String(told))).toMatchObject({ type: "event", label: "person" });
    live.close();
    const video = new WebSocket(`${base.replace("http", "ws")}/cameras/door/video`, { headers });
    const [bytes] = await once(video, "message");
    expect(bytes).toEqual(Buffer.from([0x47, 1, 2]));
    expect(watched).toEqual(["came"]);
    video.close();
    await expect.poll(() => watched).toEqual(["came", "left"]);
  });

  test("cannot open a WebSocket from the page of another site, or without an origin", async () => {
    expect(await statusOf("/live", { cookie: await cookie(), origin: "http://evil.example" })).toBe(403);
    expect(await statusOf("/live", { cookie: await cookie() })).toBe(403);
    expect(await statusOf("/elsewhere", { cookie: await cookie(), origin: base })).toBe(404);
    expect(await statusOf("/live", { cookie: await cookie(), origin: base })).toBe("open");
  });

  test("is disconnected if it sends too much on a WebSocket", async () => {
    const live = new WebSocket(`${base.replace("http", "ws")}/live`, {
      headers: { cookie: await cookie(), origin: base },
    });
    await once(live, "open");
    live.send("x".repeat(2000));
    const [code] = await once(live, "close");
    expect(code).toBe(1009);
  });
});

test("every answer has security headers that forbid what the page does not need", async () => {
  for (const path of ["/", "/nowhere", "/style.css", `/?token=${TOKEN}`]) {
    const { headers } = await ask(path);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("same-origin");
    expect(headers.get("x-frame-options")).toBe("DENY");
  }
});

test("other methods are not allowed", async () => {
  const reply = await ask("/", { method: "DELETE" });
  expect([reply.status, reply.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
});

test("the policy allows the style sheet of JSMpeg's package", () => {
  const jsmpeg = readFileSync(fileURLToPath(import.meta.resolve("@cycjimmy/jsmpeg-player")), "utf8");
  const [, sheet = ""] = /^var css_248z = (".*");$/m.exec(jsmpeg) ?? [];
  const hash = createHash("sha256").update(JSON.parse(sheet)).digest("base64");
  expect(JSMPEG_STYLE_HASH).toBe(`sha256-${hash}`);
});

test("the page loads nothing from other servers", async () => {
  const page = pageFiles();
  for (const name of ["index.html", "enter.html", "style.css", "icon.svg"]) {
    const text = (await page(name))?.body.toString() ?? "";
    expect(text.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|url\(|\sstyle=|\son\w+=/);
  }
});

test("no two scripts of the page have the same name, JSMpeg included", async () => {
  const page = pageFiles();
  for (const file of PROGRAMS) {
    expect((await page(file.replace(/ts$/, "js")))?.etag).toBe((await page(file))?.etag);
  }
  const jsmpeg = readFileSync(fileURLToPath(import.meta.resolve("@cycjimmy/jsmpeg-player")), "utf8");
  expect((await page("jsmpeg-player.js"))?.body.toString()).toBe(jsmpeg);
});

test("the page preloads all its scripts in parallel", async () => {
  const html = (await pageFiles()("index.html"))?.body.toString() ?? "";
  const asked = [...html.matchAll(/(?:modulepreload" href|module" src)="([\w.-]+)"/g)].map(
    ([, name]) => name,
  );
  // A protocol contains only types.
  const programs = PROGRAMS.filter((file) => !file.endsWith("protocol.ts"));
  expect(asked.toSorted()).toEqual(
    [...programs.map((file) => file.replace(/ts$/, "js")), "jsmpeg-player.js"].toSorted(),
  );
});

test("a port that is in use is a configuration error that names the address", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = Object(taken.address());
  const error = await open(port).catch((reason: unknown) => reason);
  taken.close();
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ message: expect.stringContaining(`127.0.0.1:${port}`) });
});
