import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { createConnection, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { firstRequestOnly } from "../../../agent/base/first-request-only.ts";
import { listenOnLoopback } from "../../support/network/listen-on-loopback.ts";

interface Served extends AsyncDisposable {
  /** The paths of the requests that were parsed, with their bodies. */
  readonly parsed: readonly string[];
  readonly upgraded: () => string;
  connect(): Promise<{ readonly peer: Socket; readonly served: Socket; readonly received: () => string }>;
}

/** Answers each request with its path. Connections are trusted after a request with a cookie, or one for `/enter`. */
async function serve(): Promise<Served> {
  const parsed: string[] = [];
  const trusted = new WeakSet<Socket>();
  const ends: Socket[] = [];
  let upgraded = "";
  const server = createServer();
  firstRequestOnly(server, (socket) => trusted.has(socket));
  const trustIfKnown = ({ headers, socket }: IncomingMessage) => {
    if (headers.cookie !== undefined) trusted.add(socket);
  };
  server.on("request", async (request, response) => {
    trustIfKnown(request);
    const index = parsed.push(request.url ?? "") - 1;
    const body = await text(request).catch(() => " without its body");
    parsed[index] += body;
    if (request.url === "/enter") trusted.add(request.socket);
    response.end(`answer to ${parsed[index]}\n`);
  });
  server.on("upgrade", (request, stream, head) => {
    trustIfKnown(request);
    upgraded += head;
    stream.on("data", (part) => {
      upgraded += part;
    });
  });
  const port = await listenOnLoopback(server);
  return {
    parsed,
    upgraded: () => upgraded,
    async connect() {
      const accepted = once(server, "connection");
      const peer = createConnection({ port, host: "127.0.0.1", noDelay: true });
      let received = "";
      peer.on("error", () => {});
      peer.setEncoding("utf8").on("data", (part) => {
        received += part;
      });
      const [served] = await accepted;
      ends.push(peer, served);
      return { peer, served, received: () => received };
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of ends) socket.destroy();
    },
  };
}

const ask = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\nHost: here\r\n${headers}\r\n`;
const form = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: here\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test("of a stranger's pipelined requests only the first is parsed", async () => {
  await using server = await serve();
  const { peer } = await server.connect();
  peer.write(ask("/1") + ask("/2").repeat(2_000));
  await expect.poll(() => peer.closed).toBe(true);
  const other = await server.connect();
  other.peer.write(ask("/3"));
  await expect.poll(other.received).toContain("answer to /3");
  expect(server.parsed).toEqual(["/1", "/3"]);
});

test("a request that arrives after a stranger's first one is not parsed", async () => {
  await using server = await serve();
  const { peer, received } = await server.connect();
  peer.write(ask("/1"));
  await expect.poll(received).toContain("answer to /1");
  peer.write(ask("/2"));
  await expect.poll(() => peer.closed).toBe(true);
  expect(server.parsed).toEqual(["/1"]);
});

test("a form that arrives byte by byte is read to its end, and no further", async () => {
  await using server = await serve();
  const { peer, served, received } = await server.connect();
  for (const byte of Buffer.from(form("/form", "token=a"))) served.push(Buffer.of(byte));
  await expect.poll(received).toContain("answer to /formtoken=a");
  for (const byte of Buffer.from(ask("/2"))) served.push(Buffer.of(byte));
  await expect.poll(() => peer.closed).toBe(true);
  expect(server.parsed).toEqual(["/formtoken=a"]);
});

test("the chunks of a stranger's body are not parsed", async () => {
  await using server = await serve();
  const { peer } = await server.connect();
  peer.write(
    `POST /form HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n${ask("/2")}`,
  );
  await expect.poll(() => peer.closed).toBe(true);
  await expect.poll(() => server.parsed).toEqual(["/form without its body"]);
});

test("all requests of a connection are answered once it is trusted", async () => {
  await using server = await serve();
  const known = await server.connect();
  known.peer.write(ask("/1", "Cookie: valid\r\n") + ask("/2") + form("/3", "body"));
  await expect.poll(known.received).toContain("answer to /3body");
  known.peer.write(ask("/4").repeat(2));
  await expect.poll(() => known.received().match(/answer to \/4/g)).toHaveLength(2);
  const entering = await server.connect();
  entering.peer.write(form("/enter", "token"));
  await expect.poll(entering.received).toContain("answer to /entertoken");
  entering.peer.write(ask("/5") + ask("/6"));
  await expect.poll(entering.received).toContain("answer to /6");
});

test("bytes after an upgrade are passed on if the connection is trusted", async () => {
  await using server = await serve();
  const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  const stranger = await server.connect();
  stranger.peer.write(`${ask("/live", upgrade)}unknown`);
  await expect.poll(() => stranger.peer.closed).toBe(true);
  const { peer } = await server.connect();
  peer.write(`${ask("/live", `${upgrade}Cookie: valid\r\n`)}first,`);
  await expect.poll(server.upgraded).toBe("first,");
  peer.write("second");
  await expect.poll(server.upgraded).toBe("first,second");
});
