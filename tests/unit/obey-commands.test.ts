import { describe, expect, test } from "vitest";
import type { Message } from "../../agent/mqtt/message.ts";
import { obeyCommands } from "../../agent/obey-commands.ts";
import type { Switches } from "../../agent/state/switches.ts";
import { recordingLog } from "../support/log-lines.ts";

describe("an agent that obeys", () => {
  test("switches detection and says so", () => {
    const { listening, told, isOn, lines } = agent();
    say(listening, "OFF");
    expect(isOn()).toBe(false);
    expect(told()).toEqual(["sabrewing/door/detect/state OFF"]);
    say(listening, "ON");
    expect(isOn()).toBe(true);
    expect(lines.map(({ msg }) => msg)).toEqual(["detection is switched off", "detection is switched on"]);
  });

  test("answers a command that changes nothing, without writing anything", () => {
    const { listening, told, turns, lines } = agent();
    say(listening, "ON");
    expect(told()).toEqual(["sabrewing/door/detect/state ON"]);
    expect(turns()).toBe(0);
    expect(lines).toEqual([]);
  });

  test("ignores what is no command, with a line in the log", () => {
    const { listening, told, isOn, lines } = agent();
    say(listening, "toggle");
    say(listening, "OFF", true);
    expect(isOn()).toBe(true);
    expect(told()).toEqual([]);
    expect(lines).toMatchObject([
      { level: "warn", msg: expect.stringContaining("expected ON or OFF") },
      { level: "warn", msg: expect.stringContaining("not retained") },
    ]);
  });

  test("says what to allow where the broker lets it hear nothing", () => {
    const { listening, lines } = agent();
    listening.refused("not authorised");
    expect(lines).toMatchObject([
      { level: "warn", remedy: expect.stringContaining("sabrewing/+/detect/set") },
    ]);
  });
});

function say(listening: ReturnType<typeof obeyCommands>, word: string, retained = false): void {
  listening.hear("sabrewing/door/detect/set", Buffer.from(word), retained);
}

function agent() {
  let detecting = true;
  let turns = 0;
  const published: Message[] = [];
  const { log, lines } = recordingLog();
  const switches: Switches = {
    isDetecting: () => detecting,
    setDetecting(_, on) {
      detecting = on;
      turns++;
    },
    [Symbol.asyncDispose]: async () => {},
  };
  const cameras = [{ name: "door" }];
  const publish = (message: Message) => void published.push(message);
  return {
    listening: obeyCommands({ prefix: "sabrewing", cameras, switches, log, publish }),
    lines,
    isOn: () => detecting,
    turns: () => turns,
    told: () => published.map(({ topic, payload }) => `${topic} ${payload}`),
  };
}
