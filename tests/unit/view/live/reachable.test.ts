/** Strangers who open real connections cannot lock out signed-in viewers. */
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { guardAccess } from "../../../../agent/view/live/access.ts";
import type { Feed } from "../../../../agent/view/live/feed.ts";
import { pageFiles } from "../../../../agent/view/live/page-files.ts";
import { serveView } from "../../../../agent/view/live/server.ts";
import type { LiveMessage } from "../../../../agent/view/page/protocol.ts";
import { recordingLog } from "../../../support/agent/log-lines.ts";
import { NO_HISTORY } from "../../../support/agent/no-history.ts";
import { type ManualClock, manualClock } from "../../../support/time/manual-clock.ts";

const TOKEN = "0123456789abcdef";
const HOST = "127.0.0.1";

interface View extends AsyncDisposable {
  readonly port: number;
  readonly base: string;
  readonly cookie: string;
  readonly clock: ManualClock;
  readonly logged: () => readonly string[];
  /** Sends a message to every viewer. */
  publish(message: LiveMessage): void;
  /** Opens a connection, sends the text and leaves the connection open. */
  connect(sent?: string): Promise<Socket>;
}

async function openView(): Promise<View> {
  await using stack = new AsyncDisposableStack();
  const clock = manualClock();
  const { log, lines } = recordingLog();
  const followers = new Set<(message: LiveMessage) => void>();
  const feed: Feed = {
    show: async () => {},
    tap: (frames) => frames,
    publish() {},
    refresh() {},
    subscribe(hear) {
      followers.add(hear);
      return () => followers.delete(hear);
    },
    eventSnapshot: () => undefined,
    nextStill: async () => undefined,
  };
  const { port } = stack.use(
    await serveView(
      { host: HOST, port: 0, allowed_hosts: ["cam.lan"] },
      {
        access: guardAccess(TOKEN, clock),
        feed,
        history: NO_HISTORY,
        videos: new Map(),
        page: pageFiles(),
        lastFrames: new Map(),
        insight: { answer: () => undefined },
        applyShapes: undefined,
        cameras: ["door"],
        clock,
        log,
      },
    ),
  );
  const base = `http://${HOST}:${port}`;
  const reply = await fetch(`${base}/?token=${TOKEN}`, {
    redirect: "manual",
    headers: { connection: "close" },
  });
  const parts = stack.move();
  return {
    port,
    base,
    cookie: reply.headers.get("set-cookie")?.split(";")[0] ?? "",
    clock,
    logged: () => lines.map(({ msg }) => msg),
    publish(message) {
      for (const hear of followers) hear(message);
    },
    async connect(sent = "") {
      // Half-open: the client does not close its side when the server closes the other.
      const socket = createConnection({ port, host: HOST, allowHalfOpen: true });
      socket.on("error", () => {});
      parts.defer(() => void socket.destroy());
      await once(socket, "connect");
      socket.write(sent);
      return socket;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** A valid upgrade request, except for these headers. */
function upgrade(view: View, { path = "/live", version = "13", ...headers }: Record<string, string>): string {
  const lines = Object.entries({
    Host: `${HOST}:${view.port}`,
    Origin: view.base,
    Cookie: view.cookie,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": version,
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

const pageOf = (view: View, headers: Record<string, string> = {}) =>
  fetch(`${view.base}/`, { headers: { cookie: view.cookie, ...headers } });

function follow(view: View, options: { readonly autoPong?: boolean } = {}): WebSocket {
  const headers = { cookie: view.cookie, origin: view.base };
  return new WebSocket(`${view.base.replace("http", "ws")}/live`, { headers, ...options });
}

describe("a WebSocket that is refused", () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ["without a cookie", { Cookie: "" }, /^HTTP\/1\.1 401 /],
    ["from another site's page", { Origin: "http://evil.example" }, /^HTTP\/1\.1 403 /],
    ["at an unknown path", { path: "/elsewhere" }, /^HTTP\/1\.1 404 /],
    [
      "for another host",
      { Host: "evil.example", Origin: "http://evil.example" },
      /^HTTP\/1\.1 421 .*view\.allowed_hosts/s,
    ],
    ["of an unknown version", { version: "12" }, /^HTTP\/1\.1 (400|426) /],
    ["of another protocol", { Upgrade: "h2c" }, /^HTTP\/1\.1 4/],
  ])("%s is answered and closed, even if its peer keeps it open", async (_why, headers, expected) => {
    await using view = await openView();
    const socket = await view.connect(upgrade(view, headers));
    expect(await text(socket)).toMatch(expected);
    // A half-closed connection would still accept data.
    const closed = new Promise((resolve) => socket.on("close", resolve));
    const writing = setInterval(() => socket.write("x"), 5);
    await closed;
    clearInterval(writing);
  });

  test("is logged, a hundred of them in one line", async () => {
    await using view = await openView();
    for (let times = 0; times < 100; times++) await text(await view.connect(upgrade(view, { Cookie: "" })));
    const line = "the live view refused a WebSocket without a valid cookie";
    expect(view.logged().filter((msg) => msg.startsWith(line))).toEqual([line]);
  });
});

describe("a connection that has not signed in", () => {
  test.each([
    ["says nothing", ""],
    ["never ends its headers", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "],
    ["never ends its form", "POST /enter HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\ntoken="],
    ["never ends its upload", "POST /leave HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n"],
    ["speaks TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ])("and %s is closed after some seconds", async (_what, sent) => {
    await using view = await openView();
    const socket = await view.connect(sent);
    socket.resume();
    const closed = once(socket, "end");
    // The data has arrived when a later request is answered.
    await fetch(view.base);
    await view.clock.pass(6_000);
    await view.clock.pass(6_000);
    await closed;
    expect(view.logged()).toEqual(["the live view was opened with its token"]);
  });

  test("is closed after its answer, even with keep-alive", async () => {
    await using view = await openView();
    const socket = await view.connect("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 .*Connection: close/s);
  });

  test("can try one token, however many it sends at once", async () => {
    await using view = await openView();
    const form = "POST /enter HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 11\r\n\r\ntoken=wrong";
    await text(await view.connect(form.repeat(20)));
    // If all were tried, too many answers would be pending, and this one would get status 429.
    const another = fetch(`${view.base}/?token=wrong`, { redirect: "manual" });
    let status: number | undefined;
    another.then((reply) => {
      status = reply.status;
    });
    await expect
      .poll(async () => {
        await view.clock.pass(500);
        return status;
      })
      .toBe(303);
  });
});

describe("while strangers at the same address hold hundreds of connections,", () => {
  test.each<[string, (view: View) => string]>([
    ["silent ones", () => ""],
    ["refused WebSockets", (view) => upgrade(view, { Cookie: "" })],
    [
      "unfinished requests",
      () => "POST /enter HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\ntoken",
    ],
  ])("%s, signed-in viewers are served and keep their connections", async (_what, sent) => {
    await using view = await openView();
    const before = follow(view);
    await once(before, "open");
    await Promise.all(Array.from({ length: 300 }, () => view.connect(sent(view))));
    expect((await pageOf(view)).status).toBe(200);
    const after = follow(view);
    await once(after, "open");
    const signIn = await fetch(`${view.base}/?token=${TOKEN}`, { redirect: "manual" });
    expect(signIn.headers.get("set-cookie")).toContain("HttpOnly");
    expect([before.readyState, after.readyState]).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
    before.close();
    after.close();
  });
});

test("the page is still served after two hundred connections have signed in", async () => {
  await using view = await openView();
  const viewers = Array.from({ length: 200 }, () => follow(view));
  await Promise.all(viewers.map((viewer) => once(viewer, "open")));
  const socket = await view.connect(upgrade(view, {}));
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 503 /);
  const page = await pageOf(view);
  expect([page.status, page.headers.get("connection")]).toEqual([200, "close"]);
  const signIn = await fetch(`${view.base}/?token=${TOKEN}`, { redirect: "manual" });
  expect(signIn.status).toBe(303);
  for (const viewer of viewers) viewer.terminate();
});

describe("the host name of a request", () => {
  const ask = async (view: View, host: string, path = "/", headers = "") =>
    text(await view.connect(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}Connection: close\r\n\r\n`));

  test("may be an IP address, localhost or a name in view.allowed_hosts, with any port", async () => {
    await using view = await openView();
    for (const host of ["127.0.0.1", "[::1]:80", "localhost:5080", "cam.lan:443"]) {
      expect(await ask(view, host, "/style.css")).toMatch(/^HTTP\/1\.1 200 /);
    }
  });

  test.each(["/", "/style.css", `/?token=${TOKEN}`, "/main.js", "/nowhere"])(
    "may not be any other for %s, with or without a cookie",
    async (path) => {
      await using view = await openView();
      const answer = await ask(view, "evil.example", path, `Cookie: ${view.cookie}\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 421 Misdirected Request\r\n/);
      expect(answer).toContain('add "evil.example" to view.allowed_hosts in sabrewing.yml.\n');
      expect(answer).not.toMatch(/set-cookie/i);
    },
  );
});

describe("a viewer", () => {
  const BIG: LiveMessage = {
    type: "event",
    id: "x".repeat(1_000_000),
    camera: "door",
    label: "person",
    topScore: 0.8,
    startMs: 1,
    endMs: 2,
    zones: [],
    still: false,
    snapshots: 1,
  };

  test("is disconnected only if it does not answer pings", async () => {
    await using view = await openView();
    const dead = follow(view, { autoPong: false });
    const alive = follow(view);
    await Promise.all([once(dead, "open"), once(alive, "open")]);
    for (let pings = 0; pings < 3; pings++) {
      const asked = once(alive, "ping");
      await view.clock.pass(20_000);
      await asked;
      // The viewer's answer has arrived when the server answers the viewer's own ping.
      alive.ping();
      await once(alive, "pong");
    }
    await expect.poll(() => dead.readyState).toBe(WebSocket.CLOSED);
    expect(alive.readyState).toBe(WebSocket.OPEN);
    alive.close();
  });

  test("loses messages if it does not read: those that exceed a megabyte and the system's buffers", async () => {
    await using view = await openView();
    const viewer = follow(view);
    await once(viewer, "open");
    viewer.pause();
    for (let count = 0; count < 200; count++) {
      view.publish(BIG);
      await new Promise((resolve) => setImmediate(resolve));
    }
    let received = 0;
    viewer.on("message", () => received++);
    viewer.resume();
    await once(viewer, "message");
    viewer.ping();
    await once(viewer, "pong");
    expect(received).toBeLessThan(30);
    viewer.close();
  });
});
