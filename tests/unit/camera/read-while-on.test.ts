import { expect, test } from "vitest";
import { createToggle } from "../../../agent/base/toggle.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import { readWhileOn } from "../../../agent/camera/read-while-on.ts";
import { greyFrame } from "../../support/camera/raw-frames.ts";

test("a camera is read while its switch is on, and its stream is closed while it is off", async () => {
  const camera = watchCamera(true);
  expect(await camera.next()).toBe(0);
  expect(await camera.next()).toBe(1);
  camera.enabled.set(false);
  const waiting = camera.next();
  await settle();
  expect(camera.calls).toEqual(["open", "close", "closed"]);
  camera.enabled.set(true);
  expect(await waiting).toBe(0);
  expect(camera.calls).toEqual(["open", "close", "closed", "open"]);
  camera.stop.abort();
  expect(await camera.next()).toBeUndefined();
});

test("a camera whose switch is off at the start is not opened", async () => {
  const camera = watchCamera(false);
  const waiting = camera.next();
  await settle();
  expect(camera.calls).toEqual(["closed"]);
  camera.stop.abort();
  expect(await waiting).toBeUndefined();
  expect(camera.calls).toEqual(["closed"]);
});

test("a camera that is switched off and on at once gets another stream", async () => {
  const camera = watchCamera(true);
  await camera.next();
  camera.enabled.set(false);
  camera.enabled.set(true);
  expect(await camera.next()).toBe(0);
  expect(camera.calls).toEqual(["open", "close", "open"]);
});

function watchCamera(isOn: boolean) {
  const enabled = createToggle(isOn);
  const stop = new AbortController();
  const calls: string[] = [];
  async function* read(signal: AbortSignal): AsyncGenerator<Frame, void> {
    calls.push("open");
    for (let sequence = 0; !signal.aborted; sequence++) {
      yield { camera: "door", sequence, timeMs: 0, ...greyFrame(2, 2, new Uint8Array(4)) };
    }
    calls.push("close");
  }
  const frames = readWhileOn(read, enabled, { signal: stop.signal, onClosed: () => calls.push("closed") });
  return { enabled, stop, calls, next: async () => (await frames.next()).value?.sequence };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
