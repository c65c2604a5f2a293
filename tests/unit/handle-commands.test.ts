import { describe, expect, test } from "vitest";
import { handleCommands } from "../../agent/handle-commands.ts";
import type { Message } from "../../agent/mqtt/message.ts";
import { SWITCHES, type SwitchName } from "../../agent/state/switches.ts";
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

  test("reports the states of all switches at the start", () => {
    expect(agent({ detect: false, motion: false }).states).toEqual([
      "sabrewing/door/enabled/state ON",
      "sabrewing/door/detect/state OFF",
      "sabrewing/door/motion/state OFF",
      "sabrewing/door/snapshots/state ON",
    ]);
  });

  test.each(SWITCHES.filter((name) => name !== "motion"))("switches %s off and on", async (name) => {
    const { subscription, answers, isOn, clock, lines } = agent();
    send(subscription, "OFF", false, name);
    expect(isOn(name)).toBe(false);
    await clock.pass(60_000);
    send(subscription, "ON", false, name);
    expect(isOn(name)).toBe(true);
    expect(answers()).toEqual([`sabrewing/door/${name}/state OFF`, `sabrewing/door/${name}/state ON`]);
    expect(lines.map(({ level }) => level)).toEqual(["info", "info"]);
  });

  test("keeps motion detection on while detection is on, and answers with the state", () => {
    const { subscription, answers, isOn, lines } = agent();
    send(subscription, "OFF", false, "motion");
    expect(isOn("motion")).toBe(true);
    expect(answers()).toEqual(["sabrewing/door/motion/state ON"]);
    expect(lines).toMatchObject([
      { level: "warn", msg: expect.stringContaining("while detection is on"), remedy: expect.any(String) },
    ]);
  });

  test("switches motion detection off after detection, and on with detection", async () => {
    const { subscription, answers, isOn, clock } = agent();
    send(subscription, "OFF");
    send(subscription, "OFF", false, "motion");
    expect([isOn("detect"), isOn("motion")]).toEqual([false, false]);
    await clock.pass(60_000);
    send(subscription, "ON");
    expect([isOn("detect"), isOn("motion")]).toEqual([true, true]);
    expect(answers()).toEqual([
      "sabrewing/door/detect/state OFF",
      "sabrewing/door/motion/state OFF",
      "sabrewing/door/detect/state ON",
      "sabrewing/door/motion/state ON",
    ]);
  });

  test("starts with motion detection on if the configuration has switched detection on again", () => {
    const { isOn, states } = agent({}, { motion: false });
    expect(isOn("motion")).toBe(true);
    expect(states).toContain("sabrewing/door/motion/state ON");
  });

  test("leaves motion detection off where the configuration runs the detector on every frame", () => {
    const { subscription, isOn } = agent({ motion: false });
    send(subscription, "ON");
    expect(isOn("motion")).toBe(false);
  });

  test.each(["enabled", "snapshots"] as const)(
    "does not switch %s on where the configuration forbids it",
    (name) => {
      const { subscription, answers, isOn, lines } = agent({ [name]: false });
      send(subscription, "ON", false, name);
      expect(isOn(name)).toBe(false);
      expect(answers()).toEqual([`sabrewing/door/${name}/state OFF`]);
      expect(lines).toMatchObject([
        {
          level: "warn",
          msg: expect.stringContaining("configuration"),
          remedy: expect.stringContaining(name),
        },
      ]);
    },
  );

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
    expect(lines).toMatchObject([{ level: "warn", remedy: expect.stringContaining("sabrewing/+/+/set") }]);
  });
});

function send(
  subscription: ReturnType<typeof handleCommands>,
  word: string,
  retained = false,
  name = "detect",
): void {
  subscription.onMessage(`sabrewing/door/${name}/set`, Buffer.from(word), retained);
}

const CONFIGURED = { enabled: true, detect: true, motion: true, snapshots: true };

/** The agent of a camera with these settings in the configuration, and since they were last switched. */
function agent(configured: Partial<Record<SwitchName, boolean>> = {}, last = configured) {
  const settings = { ...CONFIGURED, ...configured };
  const now: Record<SwitchName, boolean> = { ...CONFIGURED, ...last };
  let switchings = 0;
  const published: Message[] = [];
  const { log, lines } = recordingLog();
  const clock = manualClock();
  const { signal } = new AbortController();
  const switches = {
    isOn: (_: string, name: SwitchName) => now[name],
    isConfigured: (_: string, name: SwitchName) => settings[name],
    set(_: string, name: SwitchName, on: boolean) {
      now[name] = on;
      switchings++;
    },
  };
  const cameras = [{ name: "door" }];
  const publish = (message: Message) => void published.push(message);
  const subscription = handleCommands({
    prefix: "sabrewing",
    cameras,
    switches,
    clock,
    log,
    publish,
    signal,
  });
  const first = published.splice(0);
  const inShort = ({ topic, payload }: Message) => `${topic} ${payload}`;
  return {
    subscription,
    lines,
    clock,
    isOn: (name: SwitchName = "detect") => now[name],
    switchings: () => switchings,
    /** The states at the start. */
    states: first.map(inShort),
    answers: () => published.map(inShort),
  };
}
