import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("../../../scripts/rtsp-server.py", import.meta.url));
/** Debian's own Python: its bindings to GStreamer work with no other. */
const PYTHON = "/usr/bin/python3";

/** Whether this machine has GStreamer's RTSP server. scripts/setup installs it. */
export function hasRtspServer(): boolean {
  const probe =
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer";
  return spawnSync(PYTHON, ["-c", probe]).status === 0;
}

export interface RtspCameraOptions {
  readonly clip: string;
  /** Codec of the clip. Default: h264. */
  readonly codec?: "h264" | "h265";
  /** Default: a free port. */
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  /** Asks for the password by Digest. Default: by Basic. */
  readonly isDigest?: boolean;
  /** Refuses to send packets by TCP. */
  readonly isUdpOnly?: boolean;
  /** The most clients that are served at a time. Default: no limit. */
  readonly clients?: number;
}

/** A real RTSP server that plays a clip in a loop. */
export interface RtspCamera extends AsyncDisposable {
  readonly port: number;
  /** rtsp://127.0.0.1:PORT/camera, without credentials. */
  readonly address: string;
  /** Connections stay open but carry no more data. */
  freeze(): void;
  thaw(): void;
}

/** Starts a camera on loopback and waits until it accepts clients. */
export async function startRtspCamera({
  clip,
  codec = "h264",
  port = 0,
  user,
  password,
  isDigest = false,
  isUdpOnly = false,
  clients = 0,
}: RtspCameraOptions): Promise<RtspCamera> {
  const login = user === undefined ? [] : ["--user", user, "--password", password ?? ""];
  const flags = [
    ...(isDigest ? ["--digest"] : []),
    ...(isUdpOnly ? ["--udp-only"] : []),
    "--clients",
    String(clients),
  ];
  const options = ["--file", clip, "--codec", codec, "--port", String(port), ...login, ...flags];
  const server = spawn(PYTHON, [SERVER, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errorOutput = "";
  server.stderr.on("data", (part: Buffer) => {
    errorOutput += part.toString();
  });
  const exited = once(server, "exit");
  const [line] = await Promise.race([
    once(createInterface({ input: server.stdout }), "line"),
    exited.then(() => Promise.reject(new Error(`the RTSP server did not start: ${errorOutput}`))),
  ]);
  const bound = Number(String(line).split(" ")[1]);
  return {
    port: bound,
    address: `rtsp://127.0.0.1:${bound}/camera`,
    freeze: () => server.kill("SIGSTOP"),
    thaw: () => server.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      server.kill("SIGCONT");
      server.kill("SIGTERM");
      await exited;
    },
  };
}
