import { parseRtspAddress, type RtspAddress } from "./address.ts";
import { TransportFailed } from "./camera-session.ts";
import { followRedirects } from "./describe.ts";
import { createLogin, decodeLogin } from "./login.ts";
import { invalidAddressError } from "./reasons/description.ts";
import { type PlayedStream, type PlayOptions, type RtspSession, startSession } from "./start-session.ts";

/** A camera's stream, and how to play it. */
export interface SessionStream extends PlayedStream {
  /** rtsp:// or rtsps://, credentials included. */
  readonly address: string;
  /** `auto`: TCP, and UDP if the camera does not support TCP or sends nothing; with rtsps:// only TCP, since TLS does not cover UDP. */
  readonly transport: "auto" | "tcp" | "udp";
}

export interface SessionOptions extends PlayOptions {
  /** Default: nothing is known of the camera. */
  readonly memory?: CameraMemory;
}

/** The state that is kept of a camera between its sessions. */
export interface CameraMemory {
  /** Whether the camera has ever asked for Digest. It is then never sent the unencrypted password. */
  askedDigest: boolean;
  /** The transport that worked last, where it was chosen automatically. */
  transport: "tcp" | "udp";
  /** Whether no transport worked the last time: the camera may only be slow to send its first packet. */
  isSlow: boolean;
}

export function cameraMemory(): CameraMemory {
  return { askedDigest: false, transport: "tcp", isSlow: false };
}

/** From PLAY to the first packet of any kind. */
const FIRST_PACKET_WITHIN_MS = 10_000;
/** The same if there is another transport to try. */
const OTHER_TRANSPORT_AFTER_MS = 5_000;
/** Two transports without a redirect: each one's answers take up to 10 s, and then its first packet. */
export const OPENS_WITHIN_MS = 40_000;

/**
 * Opens a camera's stream (RTSP 1.0, RFC 2326): returns when its first packet has arrived.
 * @throws ConfigError if a person must change something; TransientError if a retry can help; the signal's reason if aborted
 */
export async function openSession(stream: SessionStream, options: SessionOptions): Promise<RtspSession> {
  const { camera, address, transport } = stream;
  const { signal, memory = cameraMemory() } = options;
  const start = parseRtspAddress(address);
  if (start === undefined) throw invalidAddressError(camera);
  const login = createLogin(start.login === undefined ? undefined : decodeLogin(start.login), memory);
  const failures: TransportFailed[] = [];
  const transports = transportsOf(transport, start, memory);
  for (const kind of transports) {
    const isLast = kind === transports.at(-1);
    const firstPacketMs = isLast || memory.isSlow ? FIRST_PACKET_WITHIN_MS : OTHER_TRANSPORT_AFTER_MS;
    try {
      const session = await followRedirects(camera, start, login, (at) =>
        startSession(stream, { at, transport: kind, login, firstPacketMs }, options),
      );
      if (transport === "auto") memory.transport = kind;
      memory.isSlow = false;
      return session;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof TransportFailed)) throw error;
      failures.push(error);
    }
  }
  if (transport === "auto") memory.transport = "tcp";
  memory.isSlow = true;
  // If the camera supports only one transport and is silent on it, the silence is the failure to report.
  throw (failures.findLast(({ why }) => why === "silent") ?? failures[0])?.reason;
}

function transportsOf(
  transport: SessionStream["transport"],
  { scheme }: RtspAddress,
  memory: CameraMemory,
): readonly ("tcp" | "udp")[] {
  if (transport !== "auto") return [transport];
  if (scheme === "rtsps") return ["tcp"];
  return memory.transport === "tcp" ? ["tcp", "udp"] : ["udp", "tcp"];
}
