/** Cameras that are reached in an unusual way, and ports that are no camera: each comes on, or says why not. */
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TemporaryFolder, temporaryFolder } from "../../support/base/temporary-folder.ts";
import { type GstCameras, startGstCameras } from "../../support/camera/odd/gst-cameras.ts";
import { H264, makeOddClip } from "../../support/camera/odd/odd-clips.ts";
import { startOddProxy } from "../../support/camera/odd/odd-proxy.ts";
import { comesOn, failureOf } from "../../support/camera/odd/watch.ts";
import { hasRtspServer } from "../../support/camera/rtsp-camera.ts";
import { freePort, startAedes } from "../../support/mqtt/brokers.ts";
import { issue, makeAuthority } from "../../support/mqtt/certificates.ts";
import { listenOnLoopback } from "../../support/network/listen-on-loopback.ts";

describe.skipIf(!hasRtspServer())("cameras in odd places", { concurrent: true }, () => {
  let folder: TemporaryFolder;
  let cameras: GstCameras<"ordinary" | "udp" | "tcp" | "ipv6">;
  let tls: { readonly cert: Buffer; readonly key: Buffer };

  beforeAll(async () => {
    folder = await temporaryFolder();
    const file = await makeOddClip(folder.path, { file: "clip.mp4", options: H264 });
    const launch = `filesrc location=${file} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1`;
    cameras = await startGstCameras({
      ordinary: { launch },
      udp: { launch, transport: "udp" },
      tcp: { launch, transport: "tcp" },
      ipv6: { launch, address: "::1" },
    });
    const authority = makeAuthority(folder.path, "authority");
    const { cert, key } = issue(folder.path, authority, ["DNS:elsewhere.local"], -1);
    tls = { cert: readFileSync(cert), key: readFileSync(key) };
  });
  afterAll(async () => {
    await cameras[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  for (const [what, name] of [
    ["TCP", "tcp"],
    ["UDP", "udp"],
  ] as const) {
    test(`a camera that offers only ${what}: comes on`, async () => {
      await comesOn(cameras.address(name));
    });
  }

  test("a camera that refuses TCP with 461: comes on by UDP", async () => {
    await using proxy = await startOddProxy(cameras.port("ordinary"), { udp: "refuses TCP" });
    await comesOn(proxy.address, { count: 6 });
  });

  test("a camera that accepts TCP and sends nothing: comes on by UDP", async () => {
    await using proxy = await startOddProxy(cameras.port("ordinary"), { udp: "is silent over TCP" });
    await comesOn(proxy.address);
  });

  test("an IPv6 address: comes on", async () => {
    await comesOn(`rtsp://[::1]:${cameras.port("ipv6")}/cam`);
  });

  test("rtsps with an expired certificate for another name: comes on", async () => {
    await using proxy = await startOddProxy(cameras.port("ordinary"), { tls });
    await comesOn(proxy.address);
  });

  test("rtsps to a port that speaks plain RTSP: says so", async () => {
    const { message, remedy } = await failureOf(cameras.address("ordinary").replace("rtsp:", "rtsps:"));
    expect(message).toMatch(/TLS/);
    expect(remedy).toMatch(/rtsp:\/\//);
  });

  test("rtsp to a port that speaks TLS: says so", async () => {
    await using place = await listening(createTlsServer(tls).on("tlsClientError", () => {}));
    const { message, remedy } = await failureOf(place.address);
    expect(message).toMatch(/TLS/);
    expect(remedy).toMatch(/rtsps:\/\//);
  });

  test("a web server on the port: says so", async () => {
    await using place = await listening(createHttpServer((_request, response) => response.end("hello")));
    const { kind, message } = await failureOf(place.address);
    expect(message).toMatch(/does not speak RTSP|HTTP/);
    expect(kind).toBe("config");
  });

  test("an SSH server on the port: says that it is not RTSP", async () => {
    await using place = await listening(createServer((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n")));
    const { kind, message } = await failureOf(place.address, { hurry: 4 });
    expect(message).toMatch(/does not speak RTSP/);
    expect(kind).toBe("config");
  });

  test("an MQTT broker on the port: says that it closes the connection or is not RTSP", async () => {
    const broker = await startAedes();
    const { message } = await failureOf(`rtsp://127.0.0.1:${broker.port}/cam`, { hurry: 4 });
    await broker.kill();
    expect(message).toMatch(/closes the connection|does not speak RTSP/);
  });

  test("a port on which nothing listens: says that the connection is refused", async () => {
    const { kind, message } = await failureOf(`rtsp://127.0.0.1:${await freePort()}/cam`);
    expect(message).toMatch(/refuse/i);
    expect(kind).toBe("transient");
  });

  test("a host name that does not exist: says so", async () => {
    const { kind, message } = await failureOf("rtsp://no-such-camera.invalid/cam");
    expect(message).toMatch(/name/);
    expect(kind).toBe("transient");
  });

  test("a camera that accepts the connection and says nothing: says so", async () => {
    await using place = await listening(createServer());
    const { kind, message } = await failureOf(place.address, { hurry: 4 });
    expect(message).toMatch(/does not answer within 10 s/);
    expect(kind).toBe("transient");
  });

  test("a connection that is reset: says that the camera closes it", async () => {
    await using place = await listening(createServer((socket) => socket.resetAndDestroy()));
    const { kind, message } = await failureOf(place.address);
    expect(message).toMatch(/clos|reset/i);
    expect(kind).toBe("transient");
  });
});

/** A server on a free port, and the address of the camera that it is not. */
async function listening(server: Server): Promise<AsyncDisposable & { readonly address: string }> {
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  const port = await listenOnLoopback(server);
  return {
    address: `rtsp://127.0.0.1:${port}/cam`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
