import { plainJson, plainText } from "../base/plain-text.ts";
import type { Message } from "./message.ts";

/** What somebody at the broker asks of a camera. */
export interface Command {
  readonly camera: string;
  /** Whether objects are to be looked for. */
  readonly detect: boolean;
}

/** A message on a command topic that says nothing the agent knows. */
export interface NoCommand {
  readonly problem: string;
}

/** The only topics the agent hears: `<prefix>/<camera>/detect/set` of each camera, no wildcards. */
export function commandTopics(prefix: string, cameras: readonly string[]): readonly string[] {
  return cameras.map((camera) => commandTopic(prefix, camera));
}

/** Where somebody switches a camera's detection. */
export function commandTopic(prefix: string, camera: string): string {
  return `${prefix}/${camera}/detect/set`;
}

/**
 * Reads a message on one of the command topics.
 * @param payload `ON` or `OFF`, and nothing else
 * @param retained whether the broker had kept the message. Such a command is an old one, told again at every connect: it
 * would undo what people switched since.
 */
export function readCommand(
  prefix: string,
  cameras: readonly string[],
  topic: string,
  payload: Uint8Array,
  retained: boolean,
): Command | NoCommand {
  const camera = cameras.find((name) => topic === commandTopic(prefix, name));
  if (camera === undefined) return { problem: `nothing is expected on ${plainText(topic)}` };
  if (retained) {
    return {
      problem: `${topic}: expected a command that is not retained, received an old one; publish it without retain`,
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

/** Where the agent tells whether a camera's detection is on. */
export function detectStateTopic(prefix: string, camera: string): string {
  return `${prefix}/${camera}/detect/state`;
}

/** Whether a camera's pictures are searched for objects. */
export function detectState(prefix: string, camera: string, isOn: boolean): Message {
  return { topic: detectStateTopic(prefix, camera), payload: isOn ? "ON" : "OFF", retain: true, qos: 1 };
}
