import { describe, expect, test } from "vitest";
import { handleCommands } from "../../agent/handle-commands.ts";
import type { Message } from "../../agent/mqtt/message.ts";
import type { Switches } from "../../agent/state/switches.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { manualClock } from "../support/time/manual-clock.ts";

describe("an agent that receives commands", () => {
  test("switches detection and reports the new state", async () => {
    const { subscription, answers, isOn, lines, clock } = agent();
    send(subscription, "OFF");
    expect(isOn()).toBe(false);
    expect(answers()).toEqual(["sabrewing/door/detect/state OFF"]);
    await clock.pass(60_000);
    send(subscription, "ON");
    expect(isOn()).toBe(true);
    expect(lines.map(({ msg }) => msg)).toEqual(["detection is switched off", "detection is switched on"]);
  });

  test("answers a command that changes nothing, without a write", () => {
    const { subscription, answers, switchings, lines } = agent();
    send(subscription, "ON");
    expect(answers()).toEqual(["sabrewing/door/detect/state ON"]);
    expect(switchings()).toBe(0);
    expect(lines).toEqual([]);
  });

  test("ignores an invalid command and logs it", async () => {
    const { subscription, answers, isOn, lines, clock } = agent();
    send(subscription, "toggle");
    await clock.pass(60_000);
    send(subscription, "OFF", true);
    expect(isOn()).toBe(true);
    expect(answers()).toEqual([]);
    expect(lines).toMatchObject([
      { level: "warn", msg: expect.stringContaining("expected ON or OFF") },
      { level: "warn", msg: expect.stringContaining("not retained") },
    ]);
  });

  test("throttles a thousand commands a second, and executes the last one", async () => {
    const { subscription, answers, isOn, switchings, lines, clock } = agent();
    for (let ms = 0; ms < 60_000; ms += 20) {
      for (let time = 0; time < 20; time++) send(subscription, time % 2 === 0 ? "OFF" : "ON");
      await clock.pass(20);
    }
    send(subscription, "OFF");
    await clock.pass(60_000);
    expect(isOn()).toBe(false);
    for (const often of [answers().length, switchings(), lines.length]) expect(often).toBeLessThan(10);
  });

  test("throttles the log lines for a flood of invalid commands, and executes valid ones meanwhile", async () => {
    const { subscription, isOn, lines, clock } = agent();
    for (let ms = 0; ms < 60_000; ms += 20) {
      for (let time = 0; time < 20; time++) send(subscription, "nonsense");
      await clock.pass(20);
    }
    send(subscription, "OFF");
    expect(isOn()).toBe(false);
    expect(lines.length).toBeLessThan(10);
    expect(lines.at(-2)).toMatchObject({ level: "warn", others: expect.any(Number) });
  });

  test("logs the permission that it needs if the broker refuses the subscription", () => {
    const { subscription, lines } = agent();
    subscription.onRefused("not authorised");
    expect(lines).toMatchObject([
      { level: "warn", remedy: expect.stringContaining("sabrewing/+/detect/set") },
    ]);
  });
});

function send(subscription: ReturnType<typeof handleCommands>, word: string, retained = false): void {
  subscription.onMessage("sabrewing/door/detect/set", Buffer.from(word), retained);
}

function agent() {
  let detecting = true;
  let switchings = 0;
  const published: Message[] = [];
  const { log, lines } = recordingLog();
  const clock = manualClock();
  const { signal } = new AbortController();
  const switches: Switches = {
    isDetecting: () => detecting,
    setDetecting(_, on) {
      detecting = on;
      switchings++;
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
    switchings: () => switchings,
    answers: () => published.map(({ topic, payload }) => `${topic} ${payload}`),
  };
}
