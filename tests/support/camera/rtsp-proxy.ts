import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setInterval } from "node:timers";
import { listenOnLoopback } from "../network/listen-on-loopback.ts";

/** A proxy between the agent and a camera (RTSP over TCP) that simulates a bad network. */
export interface RtspProxy extends AsyncDisposable {
  readonly port: number;
  /** Forwards everything, including what was held back. */
  pass(): void;
  /** Forwards the camera's data a few bytes at a time. */
  drip(): void;
  /** Replaces stretches of the camera's data by random bytes. */
  garble(): void;
}

type Mode = "pass" | "drip" | "garble";

const DRIP_EVERY_MS = 100;
const DRIP_BYTES = 20;
/** Above this the proxy stops reading from the camera, as a congested network does. */
const HELD_BACK_BYTES = 1_000_000;
const GARBLED_BYTES = 40;
/** Mean distance between two stretches. */
const GARBLED_EVERY_BYTES = 2_000;

/** Starts a proxy on a free loopback port in front of the camera on `cameraPort`. */
export async function startRtspProxy(cameraPort: number, random: () => number): Promise<RtspProxy> {
  let mode: Mode = "pass";
  const sockets = new Set<Socket>();
  const flows = new Set<() => void>();

  function join(agent: Socket): void {
    const camera = connect(cameraPort, "127.0.0.1");
    let heldBack = Buffer.alloc(0);
    const flow = (): void => {
      const bytes = mode === "drip" ? DRIP_BYTES : heldBack.length;
      if (bytes > 0 && !agent.destroyed) agent.write(heldBack.subarray(0, bytes));
      heldBack = heldBack.subarray(bytes);
      if (heldBack.length < HELD_BACK_BYTES) camera.resume();
    };
    flows.add(flow);
    const dripping = setInterval(flow, DRIP_EVERY_MS);
    for (const socket of [agent, camera]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        clearInterval(dripping);
        flows.delete(flow);
        sockets.delete(socket);
        agent.destroy();
        camera.destroy();
      });
    }
    agent.pipe(camera);
    camera.on("data", (piece) => {
      heldBack = Buffer.concat([heldBack, mode === "garble" ? garbled(piece, random) : piece]);
      if (heldBack.length >= HELD_BACK_BYTES) camera.pause();
      if (mode !== "drip") flow();
    });
  }

  const server = createServer(join);
  const port = await listenOnLoopback(server);
  const become = (next: Mode) => () => {
    mode = next;
    for (const flow of flows) flow();
  };
  return {
    port,
    pass: become("pass"),
    drip: become("drip"),
    garble: become("garble"),
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

function garbled(piece: Buffer, random: () => number): Buffer {
  const bytes = Buffer.from(piece);
  for (let at = random() * GARBLED_EVERY_BYTES; at < bytes.length; at += random() * 2 * GARBLED_EVERY_BYTES) {
    for (let index = 0; index < GARBLED_BYTES; index++) bytes[Math.floor(at) + index] = random() * 256;
  }
  return bytes;
}
