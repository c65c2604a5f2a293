import { plainJson, plainText } from "../base/plain-text.ts";
import type { Message } from "./message.ts";

/** A command that a client published for a camera. */
export interface Command {
  readonly camera: string;
  /** Whether to switch object detection on or off. */
  readonly detect: boolean;
}

/** A message on a command topic that is not a valid command. */
export interface InvalidCommand {
  readonly problem: string;
}

/** The command topics that the agent subscribes to: `<prefix>/<camera>/detect/set` of each camera, without wildcards. */
export function commandTopics(prefix: string, cameras: readonly string[]): readonly string[] {
  return cameras.map((camera) => commandTopic(prefix, camera));
}

/** The topic that switches a camera's detection on and off. */
export function commandTopic(prefix: string, camera: string): string {
  return `${prefix}/${camera}/detect/set`;
}

/**
 * Reads a message on one of the command topics.
 * @param payload valid: `ON` or `OFF`
 * @param retained whether the broker retained the message. The broker sends a retained command again on every connect, which
 * would undo later commands; it is therefore invalid.
 */
export function readCommand(
  prefix: string,
  cameras: readonly string[],
  topic: string,
  payload: Uint8Array,
  retained: boolean,
): Command | InvalidCommand {
  const camera = cameras.find((name) => topic === commandTopic(prefix, name));
  if (camera === undefined)
    return { problem: `received a message on the unexpected topic ${plainText(topic)}` };
  if (retained) {
    return {
      problem: `${topic}: expected a command that is not retained, received a retained one; publish it without retain`,
    };
  }
  const word = Buffer.from(payload.subarray(0, LONGEST_SHOWN)).toString("utf8");
  if (payload.length > LONGEST_SHOWN || (word !== "ON" && word !== "OFF")) {
    return {
      problem: `${topic}: expected ON or OFF, received ${payload.length} bytes: ${plainJson(word)}`,
    };
  }
  return { camera, detect: word === "ON" };
}

const LONGEST_SHOWN = 20;

/** The topic that reports whether a camera's detection is on. */
export function detectStateTopic(prefix: string, camera: string): string {
  return `${prefix}/${camera}/detect/state`;
}

/** Reports whether a camera's detection is on. */
export function detectState(prefix: string, camera: string, isOn: boolean): Message {
  return { topic: detectStateTopic(prefix, camera), payload: isOn ? "ON" : "OFF", retain: true, qos: 1 };
}
