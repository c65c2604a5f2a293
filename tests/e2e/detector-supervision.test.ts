import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SIGNAL_FPS, SIGNAL_SIZE, squareAndSignal } from "../faults/watching/clips.ts";
import { startWatchWorld, type WatchWorld, watched } from "../faults/watching/watch-world.ts";
import { hasRtspServer, startRtspCamera } from "../support/camera/rtsp-camera.ts";
import { brightAreaModule } from "../support/detectors/bright-area-module.ts";
import { mosquittoIsInstalled } from "../support/mqtt/brokers.ts";
import { waitUntil } from "../support/time/wait-until.ts";

let folder: string;
let modulePath: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-supervision-"));
  modulePath = join(folder, "detector.wasm");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A camera that shows a square and, for `signals` frames of each round, the signal on which the module misbehaves. */
async function watchSquare(
  stack: AsyncDisposableStack,
  round: { readonly seconds: number; readonly signals: number },
): Promise<WatchWorld> {
  const camera = stack.use(await startRtspCamera({ clip: squareAndSignal(folder, round).file }));
  const settings = { motion: { enabled: false }, detect: { ...SIGNAL_SIZE, fps: SIGNAL_FPS } };
  return stack.use(
    await startWatchWorld({ modulePath, cameras: { door: watched(camera.address, settings) } }),
  );
}

const types = (world: WatchWorld) => world.events("door").map(({ type }) => type);
const said = (world: WatchWorld, words: string) => world.log.filter(({ msg }) => msg.includes(words)).length;

describe.skipIf(!mosquittoIsInstalled || !hasRtspServer())("the supervision of the detector", () => {
  test("reports motion only while the detector keeps failing, logs it, and recovers", async () => {
    writeFileSync(modulePath, brightAreaModule("trap"));
    await using stack = new AsyncDisposableStack();
    const world = await watchSquare(stack, { seconds: 40, signals: 60 });
    await world.untilStatus("door", "motion_only", 60_000);
    expect((await world.newStats()).detectors.fake?.state).toBe("failing");
    await waitUntil("the event ends", () => types(world).includes("end"));
    expect(world.events("door").find(({ type }) => type === "end")?.reason).toBe("detector_failed");
    expect(world.stats().cameras.door?.camera_fps, "frames continue").toBeGreaterThan(0);

    await world.untilStatus("door", "online", 60_000);
    await waitUntil("the square is detected again", () => types(world).at(-1) === "new", 60_000);
    expect(world.statuses("door")).toEqual(["offline", "online", "motion_only", "online"]);
    expect(said(world, "The detector keeps failing")).toBe(1);
    expect(said(world, "has recovered after")).toBeGreaterThan(0);
  }, 240_000);

  test("replaces the model while the agent runs, but not by one that lacks a label", async () => {
    const put = (content: Uint8Array) => {
      writeFileSync(`${modulePath}.new`, content);
      renameSync(`${modulePath}.new`, modulePath);
    };
    put(brightAreaModule("trap"));
    await using stack = new AsyncDisposableStack();
    const world = await watchSquare(stack, { seconds: 6, signals: 0 });
    await waitUntil("the square is detected", () => types(world).includes("new"), 60_000);

    put(brightAreaModule("trap", { description: { name: "better" } }));
    // Without a signal: the agent checks the file regularly.
    await waitUntil("the model is replaced", () => said(world, "now running better") === 1, 60_000);
    put(brightAreaModule("trap", { description: { name: "other", labels: [{ id: 0, name: "boat" }] } }));
    process.kill(world.pid, "SIGHUP");
    await waitUntil("it is refused", () => said(world, "the model is not replaced") === 1, 60_000);

    const stats = await world.newStats();
    expect(Object.keys(stats.detectors)).toEqual(["better"]);
    expect(stats.detectors.better?.faults).toMatchObject({ unavailable: 0, trap: 0 });
    expect(types(world), "the event continues").not.toContain("end");
    expect(world.events("door").length).toBeGreaterThan(0);
  }, 240_000);
});
