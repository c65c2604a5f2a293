import { Worker } from "node:worker_threads";
import { z } from "zod";
import { TransientError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import { type Login, withLogin } from "./address.ts";
import type { FoundDevice, OnvifReply, OnvifTask } from "./onvif-thread.ts";

/** A camera that has answered on the network (WS-Discovery 1.0, as ONVIF's core specification has it, section 7). */
export interface FoundCamera {
  /** The same at every search. */
  readonly id: string;
  /** What it calls itself, clean to show; its address where it says nothing. */
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

/** Beyond the search itself. */
const START_WITHIN_MS = 10_000;

/** Asks every network this machine is in for cameras, and waits this long for answers. */
export async function findOnvifCameras(withinMs: number): Promise<readonly FoundCamera[]> {
  const reply = await askThread({ kind: "find", withinMs }, withinMs + START_WITHIN_MS).catch(
    (cause: Error) => {
      throw new TransientError(
        `the search for ONVIF cameras failed: ${plainText(cause.message)}`,
        "Give the streams' addresses instead.",
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
 * An answer to the search; empty where it is none, or where it points to another host than it came from: the login would
 * be sent there.
 */
export function readAnswer({ answer, from }: FoundDevice): readonly FoundCamera[] {
  const match = Answer.safeParse(answer).data?.probeMatches.probeMatch;
  const service = match?.XAddrs.split(/\s+/).flatMap((address) => serviceAt(address, from))[0];
  if (match === undefined || service === undefined) return [];
  const called = /onvif:\/\/www\.onvif\.org\/name\/(\S+)/.exec(match.scopes ?? "")?.[1] ?? "";
  return [
    {
      id: plainText(match.endpointReference.address),
      name: plainText(decoded(called), LONGEST_NAME) || new URL(service).hostname,
      service,
    },
  ];
}

/** An address of a service at this host, as a URL has it: without spaces and control characters. */
function serviceAt(address: string, host: string): readonly string[] {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.href.length > LONGEST_ADDRESS) return [];
  const isService = /^https?:$/.test(url.protocol) && url.hostname === host && url.username === "";
  return isService ? [url.href] : [];
}

const STREAMS_WITHIN_MS = 20_000;

/**
 * Addresses of a camera's streams, the login in them, percent-encoded: a placeholder in what the camera says stays a text.
 * @throws TransientError when it does not answer as an ONVIF camera does, refuses the login, or names streams of another
 * host only, to which the login is not sent.
 */
export async function onvifStreams(
  { name, service }: FoundCamera,
  login: Login | undefined,
  withinMs = STREAMS_WITHIN_MS,
): Promise<readonly string[]> {
  const reply = await askThread({ kind: "streams", service, login }, withinMs).catch((cause: Error) => {
    throw new TransientError(
      `${name}: no streams by ONVIF from ${service}: ${plainText(cause.message)}`,
      "Check user and password (many cameras have an account of their own for ONVIF), or give the stream's address.",
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

/** scheme, host, port, and the rest; a login in it is left out. */
const STREAM = /^(rtsps?):\/\/(?:[^/?#]*@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?((?:[/?][\s\S]*)?)$/i;
/** RFC 3986, without # and @, and without the braces of placeholders. */
const NOT_IN_PATH = /[^A-Za-z0-9._~!$&'()*+,;=:/?%[\]-]/gu;

/** The address of a stream as a camera tells it, encoded, if it is at this host; else nothing. */
export function streamAt(uri: string, host: string): readonly string[] {
  const [, scheme = "", named = "", port, path = ""] = STREAM.exec(uri.trim().toWellFormed()) ?? [];
  if (named.toLowerCase() !== host.toLowerCase() || uri.length > LONGEST_ADDRESS) return [];
  const place = `${scheme.toLowerCase()}://${named}${port === undefined ? "" : `:${port}`}`;
  return [`${place}${path.replaceAll(NOT_IN_PATH, encodeURIComponent)}`];
}

/** Source files end in .ts, built ones in .js. */
const THREAD = new URL(
  import.meta.url.endsWith(".ts") ? "./onvif-thread.ts" : "./onvif-thread.js",
  import.meta.url,
);
const HEAP_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

/** @throws Error with what the library complains of, or where the thread ends or takes longer. */
async function askThread(task: OnvifTask, withinMs: number): Promise<OnvifReply> {
  // What the library writes to its standard error quotes devices: nobody reads it.
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
  worker.once("exit", () => reject(new Error("no answer that makes sense")));
  // Where an answer is other than the library expects, it throws that away and never calls back.
  const impatience = setTimeout(() => {
    reject(new Error(`no answer that makes sense within ${withinMs / 1000} s`));
  }, withinMs);
  try {
    const reply = await promise;
    if (reply.kind === "failed") throw new Error(reply.problem);
    return reply;
  } finally {
    clearTimeout(impatience);
    await worker.terminate();
  }
}

/** Percent signs in a name need not mean anything. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name).replaceAll("_", " ");
  } catch {
    return name;
  }
}
