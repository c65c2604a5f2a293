import { describe, expect, test } from "vitest";
import { createToggle } from "../../../agent/base/toggle.ts";

const never = new AbortController().signal;

describe("a switch that tasks wait for", () => {
  test("aborts its signal when it is switched off, and has a new one when it is on again", () => {
    const toggle = createToggle(true);
    const first = toggle.offSignal();
    expect(first.aborted).toBe(false);
    toggle.set(true);
    expect(toggle.offSignal()).toBe(first);
    toggle.set(false);
    expect([first.aborted, toggle.offSignal().aborted, toggle.isOn()]).toEqual([true, true, false]);
    toggle.set(true);
    expect([first.aborted, toggle.offSignal().aborted, toggle.isOn()]).toEqual([true, false, true]);
  });

  test.each([true, false])(
    "wakes a task that waits until it is on, if it was on before: %s",
    async (wasOn) => {
      const toggle = createToggle(wasOn);
      toggle.set(false);
      let isAwake = false;
      const waiting = toggle.untilOn(never).then(() => {
        isAwake = true;
      });
      await new Promise(setImmediate);
      expect(isAwake).toBe(false);
      toggle.set(true);
      await waiting;
    },
  );

  test("does not keep aborted tasks waiting, nor any task while it is on", async () => {
    const stop = new AbortController();
    const toggle = createToggle(true);
    await toggle.untilOn(never);
    toggle.set(false);
    const waiting = toggle.untilOn(stop.signal);
    stop.abort();
    await waiting;
    await toggle.untilOn(stop.signal);
    expect(toggle.isOn()).toBe(false);
  });
});
