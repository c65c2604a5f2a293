import { Worker } from "node:worker_threads";
import { z } from "zod";
import { type Login, withLogin } from "../base/address.ts";
import { TransientError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import type { FoundDevice, OnvifReply, OnvifTask } from "./onvif-thread.ts";

/** A camera that answered the search (WS-Discovery 1.0, see section 7 of the ONVIF core specification). */
export interface FoundCamera {
  /** Stays the same across searches. */
  readonly id: string;
  /** Its name without control characters, or its address if it has no name. */
  readonly name: string;
  /** `http://10.0.0.7/onvif/device_service` */
  readonly service: string;
}

const text = z.union([z.string(), z.looseObject({ _: z.string() }).transform(({ _ }) => _)]);

const Answer = z.looseObject({
  probeMatches: z.looseObject({
    probeMatch: z.looseObject({
      endpointReference: z.looseObject({ address: text }),
      XAddrs: text,
      scopes: text.optional(),
    }),
  }),
});

/** In addition to the duration of the search. */
const START_WITHIN_MS = 10_000;

/** Searches all networks of this machine for cameras. */
export async function findOnvifCameras(withinMs: number): Promise<readonly FoundCamera[]> {
  const reply = await askThread({ kind: "find", withinMs }, withinMs + START_WITHIN_MS).catch(
    (cause: Error) => {
      throw new TransientError(
        `the search for ONVIF cameras failed: ${plainText(cause.message)}`,
        "Enter the addresses of the streams instead.",
        { cause },
      );
    },
  );
  const devices = reply.kind === "found" ? reply.devices : [];
  const found = new Map(devices.flatMap(readAnswer).map((camera) => [camera.id, camera]));
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

const LONGEST_NAME = 60;
const LONGEST_ADDRESS = 1000;

/**
 * Reads an answer to the search. The result is empty if the answer is invalid or points to another host than its sender:
 * the login would be sent to that host.
 */
export function readAnswer({ answer, from }: FoundDevice): readonly FoundCamera[] {
  const match = Answer.safeParse(answer).data?.probeMatches.probeMatch;
  const service = match?.XAddrs.split(/\s+/).flatMap((address) => serviceAt(address, from))[0];
  if (match === undefined || service === undefined) return [];
  const named = /onvif:\/\/www\.onvif\.org\/name\/(\S+)/.exec(match.scopes ?? "")?.[1] ?? "";
  return [
    {
      id: plainText(match.endpointReference.address),
      name: plainText(decoded(named), LONGEST_NAME) || new URL(service).hostname,
      service,
    },
  ];
}

/** The address as a normalised URL, without spaces and control characters, if it is a service at this host. */
function serviceAt(address: string, host: string): readonly string[] {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.href.length > LONGEST_ADDRESS) return [];
  const isService = /^https?:$/.test(url.protocol) && url.hostname === host && url.username === "";
  return isService ? [url.href] : [];
}

const STREAMS_WITHIN_MS = 20_000;

/**
 * Asks a camera for the addresses of its streams and adds the login, percent-encoded. Placeholders in the camera's answer
 * are encoded too, so they are never expanded.
 * @throws TransientError if the camera gives no valid ONVIF answer, refuses the login, or names only streams of another
 * host. The login is not sent to another host.
 */
export async function onvifStreams(
  { name, service }: FoundCamera,
  login: Login | undefined,
  withinMs = STREAMS_WITHIN_MS,
): Promise<readonly string[]> {
  const reply = await askThread({ kind: "streams", service, login }, withinMs).catch((cause: Error) => {
    throw new TransientError(
      `${name}: no streams by ONVIF from ${service}: ${plainText(cause.message)}`,
      "Check user and password (many cameras have a separate account for ONVIF), or enter the address of the stream.",
      { cause },
    );
  });
  const uris = reply.kind === "streams" ? reply.uris : [];
  const host = new URL(service).hostname;
  const own = uris.flatMap((uri) => streamAt(uri, host));
  if (own.length === 0 && uris.length > 0) {
    throw new TransientError(
      `${name}: it names no stream at its own address ${host}, but for example ${plainText(uris[0] ?? "", LONGEST_NAME)}`,
      "User and password are not sent to another host. If that address is right, give it with --camera.",
    );
  }
  return [...new Set(own)].map((address) => withLogin(address, login));
}

/** Captures scheme, host, port and path, without the login. */
const STREAM = /^(rtsps?):\/\/(?:[^/?#]*@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?((?:[/?][\s\S]*)?)$/i;
/** RFC 3986, without # and @, without the braces of placeholders, and without a percent sign that starts no escape. */
const NOT_IN_PATH = /[^A-Za-z0-9._~!$&'()*+,;=:/?%[\]-]|%(?![0-9A-Fa-f]{2})/gu;

/** Encodes the address of a stream that a camera reported; empty if the stream is not at this host. */
export function streamAt(uri: string, host: string): readonly string[] {
  const [, scheme = "", named = "", port, path = ""] = STREAM.exec(uri.trim().toWellFormed()) ?? [];
  if (named.toLowerCase() !== host.toLowerCase() || uri.length > LONGEST_ADDRESS) return [];
  const authority = `${scheme.toLowerCase()}://${named}${port === undefined ? "" : `:${port}`}`;
  return [`${authority}${path.replaceAll(NOT_IN_PATH, encodeURIComponent)}`];
}

/** Source files end in .ts, built ones in .js. */
const THREAD = new URL(
  import.meta.url.endsWith(".ts") ? "./onvif-thread.ts" : "./onvif-thread.js",
  import.meta.url,
);
const HEAP_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

/** @throws Error with the library's message, or if the thread exits or takes longer */
async function askThread(task: OnvifTask, withinMs: number): Promise<OnvifReply> {
  // The library's output quotes devices, so it is discarded.
  const worker = new Worker(THREAD, {
    workerData: task,
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: HEAP_LIMITS,
  });
  const { promise, resolve, reject } = Promise.withResolvers<OnvifReply>();
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", () => reject(new Error("no valid answer")));
  // The library discards unexpected answers and never calls back.
  const timeout = setTimeout(() => {
    reject(new Error(`no valid answer within ${withinMs / 1000} s`));
  }, withinMs);
  try {
    const reply = await promise;
    if (reply.kind === "failed") throw new Error(reply.problem);
    return reply;
  } finally {
    clearTimeout(timeout);
    await worker.terminate();
  }
}

/** A percent sign in a name need not start an escape. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name).replaceAll("_", " ");
  } catch {
    return name;
  }
}
