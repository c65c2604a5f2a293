import { UsageError } from "../../base/errors.ts";
import { CLEAR_ADDRESS, decodedPart, ENCODING, splitAddress, withoutLogin } from "../../camera/address.ts";
import { TOPIC_NAME } from "../../config/topic-name.ts";
import type { FirstAnswers } from "./first-config.ts";

/** What the flags of `init` say. */
export interface InitOptions {
  readonly broker?: string;
  readonly camera: readonly string[];
  readonly discover: boolean;
  readonly cameraUser?: string;
  readonly brokerUser?: string;
  readonly model: string;
  readonly track: string;
  readonly homeAssistant: boolean;
  readonly probe: boolean;
  readonly output: string;
  readonly force: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/** A camera and the streams to choose from. */
export interface WantedCamera {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** Remedies for a login that cannot be told from the rest of an address. */
const BROKER_LOGIN = `In user and password write ${ENCODING}; or give --broker-user, and the password is asked for or taken from the environment.`;
const CAMERA_LOGIN = `In user and password write ${ENCODING}; or give --camera-user, and the password is asked for or taken from the environment.`;

/**
 * Reads `mqtts://user:password@host:port`; a bare host will do.
 * @throws UsageError
 */
export function readBroker(text: string): FirstAnswers["broker"] {
  const parts = splitAddress(/^[a-z]+:\/\//i.test(text) ? text : `mqtt://${text}`);
  const scheme = parts?.scheme.toLowerCase();
  if (parts === undefined || (scheme !== "mqtt" && scheme !== "mqtts") || !/^\/?$/.test(parts.path)) {
    throw new UsageError(
      `--broker: expected [mqtt[s]://][user[:password]@]host[:port], received "${withoutLogin(text)}"`,
      BROKER_LOGIN,
    );
  }
  const { host, port, user, password } = parts;
  return {
    host: host.replace(/^\[(.*)\]$/, "$1"),
    tls: scheme === "mqtts",
    port,
    user: user === undefined || user === "" ? undefined : decodedPart(user),
    password: password === undefined || password === "" ? undefined : decodedPart(password),
  };
}

/**
 * Reads `name=rtsp://…`, where one name may come several times: the camera's streams, to choose from.
 * @throws UsageError
 */
export function readCameras(texts: readonly string[]): readonly WantedCamera[] {
  const cameras = new Map<string, readonly string[]>();
  for (const text of texts) {
    const [, name = "", address = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    const problem = TOPIC_NAME.test(name)
      ? addressProblem(address)
      : "NAME=rtsp://… with letters, digits, _ and - in NAME";
    if (problem !== undefined)
      throw new UsageError(`--camera: expected ${problem}, received "${withoutLogin(text)}"`, CAMERA_LOGIN);
    cameras.set(name, [...(cameras.get(name) ?? []), address]);
  }
  return [...cameras].map(([name, addresses]) => ({ name, addresses }));
}

/** What a stream's address should be, where it is not that. */
export function addressProblem(address: string): string | undefined {
  if (!/^rtsps?:\/\//.test(address)) return "an address that starts with rtsp:// or rtsps://";
  return splitAddress(address) === undefined ? CLEAR_ADDRESS : undefined;
}

/** Whether an address names a user, but no password. */
export function userAlone(address: string): string | undefined {
  const { user, password } = splitAddress(address) ?? {};
  return user === undefined || user === "" || password !== undefined ? undefined : decodedPart(user);
}

/** Characters of a name that a camera gives itself. */
const LONGEST_NAME = 40;

/** A name for topics out of whatever a camera calls itself, different from all others. */
export function cameraName(called: string, taken: readonly string[]): string {
  const name =
    called
      .slice(0, 10 * LONGEST_NAME)
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]+/g, "_")
      .slice(0, LONGEST_NAME)
      .replaceAll(/^_+|_+$/g, "") || "camera";
  if (!taken.includes(name)) return name;
  let number = 2;
  while (taken.includes(`${name}_${number}`)) number++;
  return `${name}_${number}`;
}
