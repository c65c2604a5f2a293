import type { Clock } from "../../base/clock.ts";
import { followRedirect, type RtspAddress } from "./address.ts";
import { resolveControl } from "./control-url.ts";
import type { DescribedStream } from "./describe.ts";
import type { Track } from "./description.ts";
import { interleavedLinks, type Link } from "./link.ts";
import type { RtspReply } from "./messages.ts";
import { otherTransportError, redirectError, refusalError } from "./reasons/refusal.ts";
import { endedError, floodError } from "./reasons/stream.ts";
import { Redirected, requireSuccess } from "./requests.ts";
import { timeLimit } from "./time-limit.ts";
import type { TrackReceiver } from "./track-receiver.ts";
import { udpLink } from "./udp.ts";

/** The camera does not support the transport, or no packet arrives by it: another one may work. */
export class TransportFailed extends Error {
  /** The error if there is no other transport. */
  readonly reason: Error;
  readonly why: "unsupported" | "silent";

  constructor(reason: Error, why: "unsupported" | "silent") {
    super(reason.message);
    this.reason = reason;
    this.why = why;
  }
}

/** A camera's RTSP session: tracks that are set up and play. */
export interface CameraSession {
  /** @throws TransportFailed; else as `SendRequest`; ConfigError or TransientError if the camera refuses */
  setUp(track: Track, receiver: TrackReceiver, signal: AbortSignal): Promise<void>;
  /**
   * Starts all tracks that are set up, and keeps the session alive until it ends.
   * @throws as `setUp`
   */
  play(signal: AbortSignal): Promise<void>;
  /** Asks the camera to end the session, and closes the connection. */
  close(): Promise<void>;
}

export interface CameraSessionOptions {
  /** Error messages start with this name. */
  readonly camera: string;
  readonly at: RtspAddress;
  readonly described: DescribedStream;
  readonly transport: "tcp" | "udp";
  readonly clock: Clock;
  /** The camera ends the session: it redirects, has forgotten the session or refuses the login. */
  readonly onEnd: (error: Error) => void;
}

/** If the camera states no other time (RFC 2326, 12.37). */
const SESSION_TIMEOUT_S = 60;
const LONGEST_KEEP_ALIVE_MS = 30_000;
const SHORTEST_KEEP_ALIVE_MS = 1_000;
/** RFC 3550, 6.2 */
const REPORT_EVERY_MS = 5_000;
const TEARDOWN_WITHIN_MS = 1_000;
const LONGEST_SESSION_ID = 200;
const AGGREGATE_NOT_ALLOWED = 459;
const UNSUPPORTED_TRANSPORT = 461;
const SESSION_NOT_FOUND = 454;

/** Uses the connection of the described stream, and closes it in the end. */
export function cameraSession(options: CameraSessionOptions): CameraSession {
  const { camera, at, described, transport, clock, onEnd } = options;
  const { connection, send, hide, base } = described;
  const stop = new AbortController();
  const interleaved = interleavedLinks(connection);
  const tracks: { readonly uri: string; readonly link: Link; readonly receiver: TrackReceiver }[] = [];
  const aggregate = resolveControl(at, base, described.description.control);
  let session: { readonly Session: string } | undefined;
  let timeoutS = SESSION_TIMEOUT_S;
  /** Keeps the session alive. Cameras that do not offer GET_PARAMETER often refuse it. */
  let ask = described.methods.includes("GET_PARAMETER") ? "GET_PARAMETER" : "OPTIONS";

  function takeSession(reply: RtspReply): void {
    const [, id, timeout] =
      /^([\x21-\x3a\x3c-\x7e]+)\s*(?:;\s*timeout\s*=\s*(\d{1,6}))?/i.exec(
        reply.headers.get("session")?.[0] ?? "",
      ) ?? [];
    if (id === undefined || id.length > LONGEST_SESSION_ID) return;
    session = { Session: id };
    if (timeout !== undefined) timeoutS = Number(timeout);
  }

  connection.onRequest(({ method, headers }) => {
    if (method === "REDIRECT") redirected(headers.get("location")?.[0] ?? "");
  });

  function redirected(location: string): void {
    const isSame = followRedirect(at, location) !== undefined;
    onEnd(isSame ? endedError(camera, "REDIRECT") : redirectError(camera, hide(location)));
  }

  const onFlood = () => onEnd(floodError(camera));

  async function keepAlive(): Promise<void> {
    const halfMs = Math.min((timeoutS * 1000) / 2, LONGEST_KEEP_ALIVE_MS);
    const everyMs = Math.max(halfMs, SHORTEST_KEEP_ALIVE_MS);
    while (true) {
      await clock.sleep(everyMs, stop.signal);
      if (stop.signal.aborted) return;
      void askOnce(everyMs);
    }
  }

  /** Some cameras do not answer while they play. The packets show that the session is alive. */
  async function askOnce(withinMs: number): Promise<void> {
    const method = ask;
    using limit = timeLimit(clock, withinMs, stop.signal);
    try {
      const { status, reason } = await send(method, aggregate, { ...session }, limit.signal);
      if (status === SESSION_NOT_FOUND) {
        onEnd(endedError(camera, `${method} answered ${status} ${reason}`));
        return;
      }
      if (status < 400 || method === "OPTIONS") return;
      // The refused request did not prolong the session, which ends before the next one.
      ask = "OPTIONS";
      await askOnce(withinMs);
    } catch (error) {
      if (limit.signal.aborted) return;
      if (error instanceof Redirected) redirected(error.location);
      else onEnd(error instanceof Error ? error : new TypeError(String(error)));
    }
  }

  async function sendReports(): Promise<void> {
    while (true) {
      await clock.sleep(REPORT_EVERY_MS, stop.signal);
      if (stop.signal.aborted) return;
      for (const { link, receiver } of tracks) {
        const report = receiver.report();
        if (report !== undefined) link.sendRtcp(report);
      }
    }
  }

  return {
    async setUp(track, receiver, signal) {
      const link =
        transport === "tcp"
          ? interleaved(receiver)
          : await udpLink({ connection, host: at.host, receive: receiver.receive, clock, onFlood });
      const uri = resolveControl(at, base, track.control);
      tracks.push({ uri, link, receiver });
      const reply = await send("SETUP", uri, { Transport: link.transport, ...session }, signal);
      const stated = reply.headers.get("transport")?.[0] ?? "";
      if (reply.status === UNSUPPORTED_TRANSPORT) {
        throw new TransportFailed(refusalError(camera, "SETUP", reply), "unsupported");
      }
      requireSuccess(camera, "SETUP", reply);
      takeSession(reply);
      if (!link.accept(stated))
        throw new TransportFailed(otherTransportError(camera, hide(stated)), "unsupported");
    },
    async play(signal) {
      const headers = { ...session, Range: "npt=0.000-" };
      const reply = await send("PLAY", aggregate, headers, signal);
      if (reply.status === AGGREGATE_NOT_ALLOWED) {
        for (const { uri } of tracks)
          requireSuccess(camera, "PLAY", await send("PLAY", uri, headers, signal));
      } else requireSuccess(camera, "PLAY", reply);
      void keepAlive();
      void sendReports();
    },
    async close() {
      stop.abort();
      if (session !== undefined) {
        using limit = timeLimit(clock, TEARDOWN_WITHIN_MS, new AbortController().signal);
        // Whatever the camera answers, the connection is closed next.
        await send("TEARDOWN", aggregate, session, limit.signal).catch(() => {});
      }
      for (const { link } of tracks) link[Symbol.dispose]();
      connection[Symbol.dispose]();
    },
  };
}
