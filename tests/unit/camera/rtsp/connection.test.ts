import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../../agent/base/clock.ts";
import { parseRtspAddress } from "../../../../agent/camera/rtsp/address.ts";
import { connectCamera } from "../../../../agent/camera/rtsp/connection.ts";
import { openSession } from "../../../../agent/camera/rtsp/session.ts";
import { interleaved, startScriptedCamera } from "../../../support/camera/scripted-camera.ts";
import { listenOnLoopback } from "../../../support/network/listen-on-loopback.ts";
import { selfSigned } from "../../../support/network/self-signed.ts";
import { waitUntil } from "../../../support/time/wait-until.ts";

const never = new AbortController().signal;

function connect(port: number, scheme: "rtsp" | "rtsps" = "rtsp") {
  const address = parseRtspAddress(`${scheme}://127.0.0.1:${port}/`);
  if (address === undefined) throw new Error("an invalid address");
  return connectCamera(address, never);
}

const ask = (connection: Awaited<ReturnType<typeof connect>>, signal = never) =>
  connection.request("OPTIONS", "*", {}, signal);

describe("a connection", () => {
  test("delivers frames unchanged, of any size and across its buffers", async () => {
    await using camera = await startScriptedCamera();
    using connection = await connect(camera.port);
    const sent = Array.from({ length: 120 }, (_, index) =>
      randomBytes(index % 3 === 0 ? 65_535 : index * 37),
    );
    const received: Buffer[] = [];
    connection.onFrame((_, payload) => received.push(Buffer.from(payload)));
    await ask(connection);
    for (const payload of sent) {
      camera.send(interleaved(4, payload));
      if (payload.length === 65_535) await delay(1);
    }
    await waitUntil("all frames", () => received.length === sent.length);
    expect(received.findIndex((payload, index) => sent[index]?.compare(payload) !== 0)).toBe(-1);
  });

  test.each(["tcp", "tls"] as const)("reads a camera that floods it in portions: %s", async (kind) => {
    await using camera = await startScriptedCamera(kind === "tls" ? { tls: selfSigned() } : {});
    using connection = await connect(camera.port, kind === "tls" ? "rtsps" : "rtsp");
    let received = 0;
    connection.onFrame((_, payload) => {
      received += payload.length;
    });
    await ask(connection);
    // The portion of the reply is over.
    await delay(100);
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    try {
      const payload = Buffer.alloc(65_535);
      const sent = 64 * payload.length;
      for (let count = 0; count < 64; count++) camera.send(interleaved(0, payload));
      const portions: number[] = [];
      while (received < sent) {
        const before = received;
        vi.advanceTimersByTime(20);
        await delay(200);
        portions.push(received - before);
      }
      expect(Math.max(...portions)).toBeLessThan(1.5 * 2 ** 20);
    } finally {
      vi.useRealTimers();
    }
  });

  test("gives each reply to its request", async () => {
    await using camera = await startScriptedCamera({
      answer: ({ uri }) => (uri === "a" ? "silence" : { status: `200 ${uri}` }),
    });
    using connection = await connect(camera.port);
    const replies = ["b", "c"].map((uri) => connection.request("OPTIONS", uri, {}, never));
    expect((await Promise.all(replies)).map(({ reason }) => reason)).toEqual(["b", "c"]);
    const late = connection.request("OPTIONS", "a", {}, AbortSignal.timeout(20));
    await expect(late).rejects.toThrow("timeout");
    expect((await connection.request("OPTIONS", "d", {}, never)).reason).toBe("d");
  });

  test("waits for the final reply after 100 Continue", async () => {
    const before = Buffer.from("RTSP/1.0 100 Continue\r\nCSeq: 1\r\n\r\n");
    await using camera = await startScriptedCamera({ answer: () => ({ before, status: "200 OK" }) });
    using connection = await connect(camera.port);
    expect((await ask(connection)).status).toBe(200);
  });

  test("ends if the camera sends only other messages", async () => {
    await using camera = await startScriptedCamera({ answer: () => "silence" });
    using connection = await connect(camera.port);
    const asked = ask(connection);
    await waitUntil("a request", () => camera.requests.length > 0);
    camera.send("RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n".repeat(65));
    await expect(asked).rejects.toThrow("the camera sends other messages instead of an answer to OPTIONS");
    expect((await connection.ended).message).toContain("other messages");
  });

  test("rejects requests after its end", async () => {
    await using camera = await startScriptedCamera({ answer: () => "close" });
    using connection = await connect(camera.port);
    await expect(ask(connection)).rejects.toThrow("the camera has closed the connection");
    await expect(ask(connection)).rejects.toThrow("the camera has closed the connection");
  });
});

describe("TLS", () => {
  const stream = (port: number, scheme: string) => ({
    ...{ camera: "door", transport: "auto" as const },
    address: `${scheme}://127.0.0.1:${port}/cam`,
  });
  const options = { clock: systemClock, signal: never };

  test("carries requests and video, with any certificate", async () => {
    await using camera = await startScriptedCamera({ tls: selfSigned() });
    await using session = await openSession(stream(camera.port, "rtsps"), options);
    for await (const unit of session.units()) {
      expect(unit.isKey).toBe(true);
      break;
    }
  });

  test("on a plain port is explained", async () => {
    const server = createServer((socket) =>
      socket.on("error", () => {}).end("RTSP/1.0 400 Bad Request\r\n\r\n"),
    );
    const port = await listenOnLoopback(server);
    await expect(openSession(stream(port, "rtsps"), options)).rejects.toMatchObject({
      message: expect.stringContaining("the server at this address does not speak TLS"),
      remedy: expect.stringContaining("rtsp:// instead of rtsps://"),
    });
    server.close();
  });

  test("with a certificate of the client is explained", async () => {
    const tls = { ...selfSigned(), requestCert: true, rejectUnauthorized: true };
    await using camera = await startScriptedCamera({ tls });
    await expect(openSession(stream(camera.port, "rtsps"), options)).rejects.toThrow(
      "door: the camera asks for a certificate of its client, and the agent has none",
    );
  });

  test("that a server expects is explained", async () => {
    await using camera = await startScriptedCamera({ tls: selfSigned() });
    await expect(openSession(stream(camera.port, "rtsp"), options)).rejects.toMatchObject({
      message: "door: the server at this address expects TLS",
      remedy: expect.stringContaining("rtsps:// instead of rtsp://"),
    });
  });
});
