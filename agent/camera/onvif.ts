import { networkInterfaces } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import onvif, { type Cam } from "onvif";
import { z } from "zod";
import { TransientError } from "../base/errors.ts";

/** A camera that has answered on the network (WS-Discovery 1.0, as ONVIF's core specification has it, section 7). */
export interface FoundCamera {
  /** The same at every search. */
  readonly id: string;
  /** What it calls itself; its address where it says nothing. */
  readonly name: string;
  /** `http://10.0.0.7/onvif/device_service` */
  readonly service: string;
}

export interface Login {
  readonly user: string;
  readonly password: string;
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

/** Asks every network this machine is in for cameras, and waits this long for answers. */
export async function findOnvifCameras(withinMs: number): Promise<readonly FoundCamera[]> {
  const found = new Map<string, FoundCamera>();
  // What strangers send may be anything: the library says so by this event, which nobody needs to know of.
  const ignore = () => {};
  onvif.Discovery.on("error", ignore);
  try {
    const searches = lanInterfaces().map(
      (device) =>
        new Promise<void>((resolve) => {
          onvif.Discovery.probe({ timeout: withinMs, resolve: false, device }, (_errors, answers) => {
            for (const camera of (answers ?? []).flatMap(readAnswer)) found.set(camera.id, camera);
            resolve();
          });
        }),
    );
    await Promise.all(searches);
  } finally {
    onvif.Discovery.off("error", ignore);
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

function lanInterfaces(): readonly string[] {
  const all = Object.entries(networkInterfaces());
  return all
    .filter(([, addresses]) => addresses?.some(({ family, internal }) => family === "IPv4" && !internal))
    .map(([name]) => name);
}

/** An answer to the search, as the library hands it on; empty where it is none. */
export function readAnswer(answer: unknown): readonly FoundCamera[] {
  const match = Answer.safeParse(answer).data?.probeMatches.probeMatch;
  const service = match?.XAddrs.split(/\s+/).find((address) => /^https?:$/.test(protocolOf(address)));
  if (match === undefined || service === undefined) return [];
  const called = /onvif:\/\/www\.onvif\.org\/name\/(\S+)/.exec(match.scopes ?? "")?.[1] ?? "";
  return [
    { id: match.endpointReference.address, name: decoded(called) || new URL(service).hostname, service },
  ];
}

const ASK_WITHIN_MS = 10_000;

/**
 * Addresses of a camera's streams, the login in them.
 * @throws TransientError when it does not answer as an ONVIF camera does, or refuses the login.
 */
export async function onvifStreams(
  { name, service }: FoundCamera,
  login: Login | undefined,
  withinMs = 2 * ASK_WITHIN_MS,
): Promise<readonly string[]> {
  const { hostname, port, pathname, protocol } = new URL(service);
  const useSecure = protocol === "https:";
  const camera = new onvif.Cam({
    hostname,
    port: port === "" ? (useSecure ? 443 : 80) : Number(port),
    path: pathname,
    useSecure,
    // Cameras sign their own certificates. The login is hashed and dated (WS-Security), never sent as it is.
    ...(useSecure ? { secureOpts: { rejectUnauthorized: false } } : {}),
    timeout: ASK_WITHIN_MS,
    autoconnect: false,
    ...(login === undefined ? {} : { username: login.user, password: login.password }),
  });
  const patience = new AbortController();
  // Where an answer is other than the library expects, it throws that away and never calls back.
  const impatience = delay(withinMs, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`no answer that makes sense within ${withinMs / 1000} s`);
  });
  try {
    const addresses = await Promise.race([askStreams(camera), impatience]);
    return [...new Set(addresses)].map((address) => withLogin(address, login));
  } catch (cause) {
    throw new TransientError(
      `${name}: no streams by ONVIF from ${service}: ${cause instanceof Error ? cause.message : String(cause)}`,
      "Check user and password (many cameras have an account of their own for ONVIF), or give the stream's address.",
      { cause },
    );
  } finally {
    impatience.catch(() => {});
    patience.abort();
  }
}

const Profiles = z.array(z.looseObject({ $: z.looseObject({ token: z.string() }) }));
const Stream = z.looseObject({ uri: z.string() });

/** One address per profile of the camera. */
async function askStreams(camera: Cam): Promise<readonly string[]> {
  await promisify((done: (error: Error | null) => void) => camera.connect(done))();
  return Promise.all(
    Profiles.parse(camera.profiles ?? []).map(async ({ $: { token: profileToken } }) => {
      const ask = promisify((done: (error: Error | null, stream?: unknown) => void) => {
        camera.getStreamUri({ protocol: "RTSP", profileToken }, done);
      });
      return Stream.parse(await ask()).uri;
    }),
  );
}

/** The address with user and password in it, percent-encoded. */
export function withLogin(address: string, login: Login | undefined): string {
  if (login === undefined) return address;
  const encoded = `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}`;
  return address.replace(/^([a-z]+:\/\/)(?:[^/@]*@)?/i, `$1${encoded}@`);
}

function protocolOf(address: string): string {
  return URL.canParse(address) ? new URL(address).protocol : "";
}

/** Percent signs in a name need not mean anything. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name).replaceAll("_", " ");
  } catch {
    return name;
  }
}
