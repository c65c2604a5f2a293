import { UsageError } from "../base/errors.ts";
import { TOPIC_NAME } from "../config/topic-name.ts";
import type { FirstAnswers } from "./first-config.ts";

/** What the flags of `init` say. */
export interface InitOptions {
  readonly broker?: string;
  readonly camera: readonly string[];
  readonly discover: boolean;
  readonly cameraUser?: string;
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

/**
 * Reads `mqtts://user:password@host:port`; a bare host will do.
 * @throws UsageError
 */
export function readBroker(text: string): FirstAnswers["broker"] {
  const address = /^[a-z]+:\/\//i.test(text) ? text : `mqtt://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^mqtts?:$/.test(url.protocol) || url.hostname === "") {
    throw new UsageError(
      `--broker: expected [mqtt[s]://][user[:password]@]host[:port], received "${withoutLogin(text)}"`,
    );
  }
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    tls: url.protocol === "mqtts:",
    port: url.port === "" ? undefined : Number(url.port),
    user: url.username === "" ? undefined : decodeURIComponent(url.username),
    password: url.password === "" ? undefined : decodeURIComponent(url.password),
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
    if (!TOPIC_NAME.test(name) || !/^rtsps?:\/\/\S+$/.test(address)) {
      throw new UsageError(
        `--camera: expected NAME=rtsp://… with letters, digits, _ and - in NAME, received "${withoutLogin(text)}"`,
      );
    }
    cameras.set(name, [...(cameras.get(name) ?? []), address]);
  }
  return [...cameras].map(([name, addresses]) => ({ name, addresses }));
}

/** A name for topics out of whatever a camera calls itself, different from all others. */
export function cameraName(called: string, taken: readonly string[]): string {
  const name =
    called
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]+/g, "_")
      .replaceAll(/^_+|_+$/g, "") || "camera";
  if (!taken.includes(name)) return name;
  let number = 2;
  while (taken.includes(`${name}_${number}`)) number++;
  return `${name}_${number}`;
}

function withoutLogin(text: string): string {
  return text.replace(/(:\/\/|^)[^/@]*@/, "$1***@");
}
