import { plainJson, plainText } from "../base/plain-text.ts";
import { SWITCHES, type SwitchName } from "../state/switches.ts";
import type { Message } from "./message.ts";

/** A command that a client published for a camera: to set one of its switches. */
export interface Command {
  readonly camera: string;
  readonly name: SwitchName;
  readonly on: boolean;
}

/** A message on a command topic that is not a valid command. */
export interface InvalidCommand {
  readonly problem: string;
}

/** The command topics that the agent subscribes to: `<prefix>/<camera>/<switch>/set` of each camera, without wildcards. */
export function commandTopics(prefix: string, cameras: readonly string[]): readonly string[] {
  return cameras.flatMap((camera) => SWITCHES.map((name) => commandTopic(prefix, camera, name)));
}

/** The topic that sets a switch of a camera. */
export function commandTopic(prefix: string, camera: string, name: SwitchName): string {
  return `${prefix}/${camera}/${name}/set`;
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
  const target = cameras
    .flatMap((camera) => SWITCHES.map((name) => ({ camera, name })))
    .find(({ camera, name }) => topic === commandTopic(prefix, camera, name));
  if (target === undefined)
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
  return { ...target, on: word === "ON" };
}

const LONGEST_SHOWN = 20;

/** The topic that reports whether a switch of a camera is on. */
export function switchStateTopic(prefix: string, camera: string, name: SwitchName): string {
  return `${prefix}/${camera}/${name}/state`;
}

/** Reports whether a switch of a camera is on. */
export function switchState(prefix: string, camera: string, name: SwitchName, isOn: boolean): Message {
  return {
    topic: switchStateTopic(prefix, camera, name),
    payload: isOn ? "ON" : "OFF",
    retain: true,
    qos: 1,
  };
}
