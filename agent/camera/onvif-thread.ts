/**
 * Speaks ONVIF in a separate thread because the library trusts the devices. An endless answer, an answer that its parser
 * cannot handle, or an exception in a callback ends this thread, not the program.
 */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { networkInterfaces } from "node:os";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import { parentPort, workerData } from "node:worker_threads";
import onvif, { type Cam } from "onvif";
import { z } from "zod";
import type { Login } from "../base/address.ts";

/** The task of the thread. */
export type OnvifTask =
  | { readonly kind: "find"; readonly withinMs: number }
  | { readonly kind: "streams"; readonly service: string; readonly login: Login | undefined };

/** An answer to the search as the library delivers it, and the address of the sender. */
export interface FoundDevice {
  readonly answer: unknown;
  readonly from: string;
}

/** The one message that the thread sends. */
export type OnvifReply =
  | { readonly kind: "found"; readonly devices: readonly FoundDevice[] }
  | { readonly kind: "streams"; readonly uris: readonly string[] }
  | { readonly kind: "failed"; readonly problem: string };

const ASK_WITHIN_MS = 10_000;
const MOST_DEVICES = 256;
const MOST_PROFILES = 64;
/** For all answers on one connection. */
const MOST_BYTES = 2 * 2 ** 20;

async function find(withinMs: number): Promise<readonly FoundDevice[]> {
  const devices: FoundDevice[] = [];
  onvif.Discovery.on("device", (answer: unknown, { address }: { readonly address: string }) => {
    if (devices.length < MOST_DEVICES) devices.push({ answer, from: address });
  });
  // Devices may send anything: the library emits this event for answers that it cannot parse.
  onvif.Discovery.on("error", () => {});
  const searches = lanInterfaces().map(
    (device) =>
      new Promise<void>((resolve) => {
        onvif.Discovery.probe({ timeout: withinMs, resolve: false, device }, () => resolve());
      }),
  );
  await Promise.all(searches);
  return devices;
}

function lanInterfaces(): readonly string[] {
  const all = Object.entries(networkInterfaces());
  return all
    .filter(([, addresses]) => addresses?.some(({ family, internal }) => family === "IPv4" && !internal))
    .map(([name]) => name);
}

const Profiles = z.array(z.looseObject({ $: z.looseObject({ token: z.string() }) }));
const Stream = z.looseObject({ uri: z.string() });

/** @returns one address per profile of the camera */
async function streams(service: string, login: Login | undefined): Promise<readonly string[]> {
  const { hostname, port, pathname, protocol } = new URL(service);
  const useSecure = protocol === "https:";
  const camera: Cam = new onvif.Cam({
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (useSecure ? 443 : 80) : Number(port),
    path: pathname,
    useSecure,
    // Cameras use self-signed certificates. The login is hashed with a timestamp (WS-Security), never sent in clear text.
    ...(useSecure ? { secureOpts: { rejectUnauthorized: false } } : {}),
    agent: limited(useSecure ? new HttpsAgent() : new HttpAgent()),
    timeout: ASK_WITHIN_MS,
    autoconnect: false,
    ...(login === undefined ? {} : { username: login.user, password: login.password }),
  });
  await promisify((done: (error: Error | null) => void) => camera.connect(done))();
  const profiles = Profiles.parse(camera.profiles ?? []).slice(0, MOST_PROFILES);
  return Promise.all(
    profiles.map(async ({ $: { token: profileToken } }) => {
      const ask = promisify((done: (error: Error | null, stream?: unknown) => void) => {
        camera.getStreamUri({ protocol: "RTSP", profileToken }, done);
      });
      return Stream.parse(await ask()).uri;
    }),
  );
}

/** Limits how much a connection of the agent receives: the library buffers all of it. */
function limited<Agent extends HttpAgent>(agent: Agent): Agent {
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket: Duplex | null | undefined = create(options, callback);
    let bytes = 0;
    socket?.on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) socket.destroy(new Error(`its answer is longer than ${MOST_BYTES} bytes`));
    });
    return socket;
  };
  return agent;
}

async function reply(task: OnvifTask): Promise<OnvifReply> {
  try {
    return task.kind === "find"
      ? { kind: "found", devices: await find(task.withinMs) }
      : { kind: "streams", uris: await streams(task.service, task.login) };
  } catch (error) {
    return { kind: "failed", problem: error instanceof Error ? error.message : String(error) };
  }
}

const task: OnvifTask = workerData;
// If the library never calls back, the thread exits without a message.
void reply(task).then((answer) => parentPort?.postMessage(answer));
