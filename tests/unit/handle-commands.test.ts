import { describe, expect, test } from "vitest";
import { handleCommands } from "../../agent/handle-commands.ts";
import type { Message } from "../../agent/mqtt/message.ts";
import type { Switches } from "../../agent/state/switches.ts";
import { handClock } from "../support/hand-clock.ts";
import { recordingLog } from "../support/log-lines.ts";

describe("an agent that obeys", () => {
  test("switches detection and says so", async () => {
    const { subscription, told, isOn, lines, clock } = agent();
    say(subscription, "OFF");
    expect(isOn()).toBe(false);
    expect(told()).toEqual(["sabrewing/door/detect/state OFF"]);
    await clock.pass(60_000);
    say(subscription, "ON");
    expect(isOn()).toBe(true);
    expect(lines.map(({ msg }) => msg)).toEqual(["detection is switched off", "detection is switched on"]);
  });

  test("answers a command that changes nothing, without writing anything", () => {
    const { subscription, told, turns, lines } = agent();
    say(subscription, "ON");
    expect(told()).toEqual(["sabrewing/door/detect/state ON"]);
    expect(turns()).toBe(0);
    expect(lines).toEqual([]);
  });

  test("ignores what is no command, with a line in the log", async () => {
    const { subscription, told, isOn, lines, clock } = agent();
    say(subscription, "toggle");
    await clock.pass(60_000);
    say(subscription, "OFF", true);
    expect(isOn()).toBe(true);
    expect(told()).toEqual([]);
    expect(lines).toMatchObject([
      { level: "warn", msg: expect.stringContaining("expected ON or OFF") },
      { level: "warn", msg: expect.stringContaining("not retained") },
    ]);
  });

  test("is not worn out by a thousand commands a second, and ends as the last one says", async () => {
    const { subscription, told, isOn, turns, lines, clock } = agent();
    for (let ms = 0; ms < 60_000; ms += 20) {
      for (let time = 0; time < 20; time++) say(subscription, time % 2 === 0 ? "OFF" : "ON");
      await clock.pass(20);
    }
    say(subscription, "OFF");
    await clock.pass(60_000);
    expect(isOn()).toBe(false);
    for (const often of [told().length, turns(), lines.length]) expect(often).toBeLessThan(10);
  });

  test("complains of a flood of nonsense a few times only, and obeys meanwhile", async () => {
    const { subscription, isOn, lines, clock } = agent();
    for (let ms = 0; ms < 60_000; ms += 20) {
      for (let time = 0; time < 20; time++) say(subscription, "nonsense");
      await clock.pass(20);
    }
    say(subscription, "OFF");
    expect(isOn()).toBe(false);
    expect(lines.length).toBeLessThan(10);
    expect(lines.at(-2)).toMatchObject({ level: "warn", others: expect.any(Number) });
  });

  test("says what to allow where the broker lets it hear nothing", () => {
    const { subscription, lines } = agent();
    subscription.onRefused("not authorised");
    expect(lines).toMatchObject([
      { level: "warn", remedy: expect.stringContaining("sabrewing/+/detect/set") },
    ]);
  });
});

function say(subscription: ReturnType<typeof handleCommands>, word: string, retained = false): void {
  subscription.onMessage("sabrewing/door/detect/set", Buffer.from(word), retained);
}

function agent() {
  let detecting = true;
  let turns = 0;
  const published: Message[] = [];
  const { log, lines } = recordingLog();
  const clock = handClock();
  const { signal } = new AbortController();
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
    subscription: handleCommands({ prefix: "sabrewing", cameras, switches, clock, log, publish, signal }),
    lines,
    clock,
    isOn: () => detecting,
    turns: () => turns,
    told: () => published.map(({ topic, payload }) => `${topic} ${payload}`),
  };
}
