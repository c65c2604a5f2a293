import type { Habit } from "./odd-proxy.ts";
import { header, methodOf, type RtspMessage, replyTo, uriOf, withBody, withHeader } from "./rtsp-message.ts";

/** Changes the description of the stream (SDP). */
export function describedAs(change: (sdp: string, port: number) => string): Pick<Habit, "onReply"> {
  return {
    onReply: (reply, request, { port }) =>
      methodOf(request) === "DESCRIBE" && reply.body !== ""
        ? withBody(reply, change(reply.body, port))
        : reply,
  };
}

/** How a camera names its track. `HERE` stands for rtsp://127.0.0.1:PORT. */
export interface TrackNames {
  /** Content-Base of the description; undefined: none. */
  readonly base: string | undefined;
  /** The track's `a=control` attribute. */
  readonly control: string;
  /** The only address for which the camera accepts SETUP. */
  readonly setup: string;
}

/** Names the track in this way. */
export function trackNamed({ base, control, setup }: TrackNames): Pick<Habit, "onRequest" | "onReply"> {
  const here = (text: string, port: number) => text.replace("HERE", `rtsp://127.0.0.1:${port}`);
  return {
    onRequest: (request, { port }) =>
      methodOf(request) === "SETUP" && uriOf(request) !== here(setup, port)
        ? replyTo(request, "404 Not Found")
        : request,
    onReply: (reply, request, { port }) => {
      if (methodOf(request) !== "DESCRIBE") return reply;
      const sdp = reply.body.replace(/a=control:stream=0/, `a=control:${here(control, port)}`);
      return withHeader(withBody(reply, sdp), "Content-Base", base === undefined ? base : here(base, port));
    },
  };
}

/** Changes the header lines of all replies. */
export function withHeaders(
  change: (line: readonly [name: string, value: string]) => readonly (readonly [string, string])[],
): Pick<Habit, "onReply"> {
  return { onReply: (reply) => ({ ...reply, headers: reply.headers.flatMap(change) }) };
}

/** Answers requests of a method without asking the camera. */
export function answering(
  method: string,
  answer: (request: RtspMessage) => RtspMessage | "close",
): Pick<Habit, "onRequest"> {
  return { onRequest: (request) => (methodOf(request) === method ? answer(request) : request) };
}

/** A session that ends after some seconds without a request of this method. The camera does not know the other one. */
export function expiringSession(
  seconds: number,
  keptAliveBy: "GET_PARAMETER" | "OPTIONS",
): Pick<Habit, "onRequest" | "onReply" | "session"> {
  const isUnknown = (method: string) => method === "GET_PARAMETER" && keptAliveBy !== method;
  return {
    session: { seconds, isKeptAliveBy: (method) => method === keptAliveBy || !KEEP_ALIVES.includes(method) },
    onRequest: (request) =>
      isUnknown(methodOf(request)) ? replyTo(request, "405 Method Not Allowed") : request,
    onReply: (reply, request) => {
      const session = header(reply, "Session")?.split(";")[0];
      const timed =
        session === undefined ? reply : withHeader(reply, "Session", `${session};timeout=${seconds}`);
      if (methodOf(request) !== "OPTIONS") return timed;
      const methods = ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN", keptAliveBy];
      return withHeader(timed, "Public", [...new Set(methods)].join(", "));
    },
  };
}

const KEEP_ALIVES = ["OPTIONS", "GET_PARAMETER", "SET_PARAMETER"];
