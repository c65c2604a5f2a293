import { decodedPart, splitAddress, withLowerCaseScheme, withoutLogin } from "../../base/address.ts";
import {
  type AddressMistake,
  asSentence,
  ENCODING,
  streamAddressMistake,
} from "../../base/address-mistake.ts";
import { UsageError } from "../../base/errors.ts";
import { TOPIC_NAME } from "../../config/topic-name.ts";
import type { FirstAnswers } from "./first-config.ts";

/** The flags of `init`. */
export interface InitOptions {
  /** Frigate's configuration, to convert instead of asking. */
  readonly from?: string;
  readonly keepThresholds: boolean;
  readonly broker?: string;
  readonly camera: readonly string[];
  readonly discover: boolean;
  readonly cameraUser?: string;
  readonly brokerUser?: string;
  readonly model: string;
  readonly track: string;
  readonly homeAssistant: boolean;
  readonly snapshots: boolean;
  readonly view: boolean;
  readonly probe: boolean;
  readonly output: string;
  readonly force: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/** A camera and the streams to choose from. */
export interface CameraStreams {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** Remedies for an address whose login cannot be separated from the rest. */
const BROKER_LOGIN = `In user and password write ${ENCODING}; or give --broker-user, and init asks for the password or takes it from the environment.`;
const CAMERA_LOGIN = `In user and password write ${ENCODING}; or give --camera-user, and init asks for the password or takes it from the environment.`;

/**
 * Parses `mqtts://user:password@host:port`; a host name alone is enough.
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

const WRONG_NAME: AddressMistake = {
  expected: "NAME=rtsp://…",
  remedy: "use only letters, digits, _ and - in NAME",
  isInLogin: false,
};

/**
 * Parses `name=rtsp://…`. Several addresses with one name are streams of one camera, to choose from.
 * @throws UsageError
 */
export function readCameras(texts: readonly string[]): readonly CameraStreams[] {
  const cameras = new Map<string, readonly string[]>();
  for (const text of texts) {
    const [, name = "", address = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    const mistake = TOPIC_NAME.test(name) ? streamAddressMistake(address) : WRONG_NAME;
    if (mistake !== undefined) {
      const { expected, remedy, isInLogin } = mistake;
      throw new UsageError(
        `--camera: expected ${expected}, received "${withoutLogin(text)}"`,
        isInLogin ? CAMERA_LOGIN : asSentence(remedy),
      );
    }
    cameras.set(name, [...(cameras.get(name) ?? []), withLowerCaseScheme(address)]);
  }
  return [...cameras].map(([name, addresses]) => ({ name, addresses }));
}

/** The user of an address without a password. */
export function userAlone(address: string): string | undefined {
  const { user, password } = splitAddress(address) ?? {};
  return user === undefined || user === "" || password !== undefined ? undefined : decodedPart(user);
}

/** Longest camera name, in characters. */
const LONGEST_NAME = 40;

/** Makes a unique name for topics from a camera's own name. */
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
