import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type Detector, ModelError, openDetector } from "../../../../detectors/detector.ts";
import { loadModule } from "../../../../detectors/runtime/module.ts";
import { startPool } from "../../../../detectors/runtime/pool.ts";
import { askUntilAnswered, faultOf } from "../../../support/ask-until-answered.ts";
import {
  fakeDetections,
  fakeFrame,
  fakeModule,
  POISON,
  writeModuleFile,
} from "../../../support/fake-modules.ts";

const THRESHOLDS = { score: 0.25, iou: 0.5 };

let path: string;
beforeAll(() => {
  path = writeModuleFile(fakeModule());
});

describe.each(["v8", "wasmer"] as const)("%s", (runtime) => {
  const open = (instances: number): Promise<Detector> =>
    openDetector(path, { runtime, instances, deadlineMs: 1500 });

  test("an answer holds what is in the frame, with the thresholds of its own request", async () => {
    await using detector = await open(1);
    for (const thresholds of [THRESHOLDS, { score: 0.4, iou: 0.7 }]) {
      const frame = fakeFrame(2, 77);
      const { detections, inferenceMs } = await detector.detect(frame, thresholds);
      expect(detections).toEqual(fakeDetections(frame, thresholds));
      expect(inferenceMs).toBeGreaterThan(0);
    }
    expect(detector.stats()).toMatchObject({ frames: 2, restarts: 0 });
    expect(detector.stats().inferenceMs).toBeGreaterThan(0);
  });

  test("two instances answer side by side, and every answer belongs to its request", async () => {
    await using detector = await open(2);
    let lost = false;
    const spinning = faultOf(detector.detect(fakeFrame(POISON.loop), THRESHOLDS)).finally(() => {
      lost = true;
    });
    // One instance computes for ever; the other goes through all of these meanwhile.
    const frames = Array.from({ length: 30 }, (_, index) => fakeFrame(1 + (index % 3), index));
    const answers = await Promise.all(frames.map((frame) => detector.detect(frame, THRESHOLDS)));
    expect(lost).toBe(false);
    expect(answers.map(({ detections }) => detections)).toEqual(
      frames.map((frame) => fakeDetections(frame, THRESHOLDS)),
    );
    expect(await spinning).toBe("deadline");
  });

  test("frames wait in order, and a caller may reuse its buffer at once", async () => {
    await using detector = await open(1);
    const finished: number[] = [];
    const buffer = fakeFrame(1, 0);
    const expected: unknown[] = [];
    const answers = [0, 1, 2, 3, 4].map(async (seed) => {
      buffer.set(fakeFrame(1, seed));
      expected.push(fakeDetections(buffer, THRESHOLDS));
      const { detections } = await detector.detect(buffer, THRESHOLDS);
      finished.push(seed);
      return detections;
    });
    buffer.fill(POISON.trap);
    expect(await Promise.all(answers)).toEqual(expected);
    expect(finished).toEqual([0, 1, 2, 3, 4]);
  });

  test("frames that wait for the only instance are answered when it has died and come back", async () => {
    await using detector = await open(1);
    const lost = faultOf(detector.detect(fakeFrame(POISON.trap), THRESHOLDS));
    const frames = [fakeFrame(1, 5), fakeFrame(2, 6)];
    const answers = await Promise.all(frames.map((frame) => detector.detect(frame, THRESHOLDS)));
    expect(await lost).toBe("trap");
    expect(answers.map(({ detections }) => detections)).toEqual(
      frames.map((frame) => fakeDetections(frame, THRESHOLDS)),
    );
    expect(detector.stats()).toMatchObject({ restarts: 1, faults: { trap: 1, unavailable: 0 } });
  });

  test("frames that wait for a detector which keeps dying are refused, and that it fails is told once", async () => {
    const states: string[] = [];
    await using detector = await openDetector(path, {
      runtime,
      instances: 1,
      deadlineMs: 1500,
      onState: (state) => states.push(state),
    });
    for (let death = 0; death < 4; death++) {
      const trapped = askUntilAnswered(detector, fakeFrame(POISON.trap), THRESHOLDS);
      expect(await faultOf(trapped)).toBe("trap");
    }
    expect(detector.stats().state).toBe("failing");
    // The second death in a row is followed by a pause, and so on: nobody waits for that.
    await vi.waitFor(async () =>
      expect(await faultOf(detector.detect(fakeFrame(1), THRESHOLDS))).toBe("unavailable"),
    );
    expect(states).toEqual(["failing"]);
    await askUntilAnswered(detector, fakeFrame(1), THRESHOLDS);
    expect(states).toEqual(["failing", "working"]);
    expect(detector.stats().state).toBe("working");
  });

  test("closing rejects the frame in flight and those that wait, and may be done twice", async () => {
    const detector = await open(1);
    const kinds = [POISON.loop, 1].map((first) => faultOf(detector.detect(fakeFrame(first), THRESHOLDS)));
    // Let the guest get into its endless loop.
    await sleep(50);
    await detector[Symbol.asyncDispose]();
    await detector[Symbol.asyncDispose]();
    expect(await Promise.all(kinds)).toEqual(["unavailable", "unavailable"]);
    expect(await faultOf(detector.detect(fakeFrame(1), THRESHOLDS))).toBe("unavailable");
    expect(detector.stats().faults.unavailable, "a closed detector has not failed").toBe(0);
  });

  test("a detector that is being started again can be closed", async () => {
    const detector = await open(1);
    expect(await faultOf(detector.detect(fakeFrame(POISON.trap), THRESHOLDS))).toBe("trap");
    await detector[Symbol.asyncDispose]();
  });

  test("a process that itself stood still does not blame the module for the deadline", async () => {
    const deadlineMs = 400;
    await using detector = await openDetector(path, { runtime, instances: 1, deadlineMs });
    const answer = detector.detect(fakeFrame(1), THRESHOLDS);
    // The module answers meanwhile, but nobody listens until the deadline is long over.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, deadlineMs * 3);
    expect((await answer).detections).toHaveLength(1);
  });

  test("a frame of another size is the caller's mistake", async () => {
    await using detector = await open(1);
    await expect(detector.detect(new Uint8Array(95), THRESHOLDS)).rejects.toThrow(
      "expected 8×4×3 = 96 bytes, received 95",
    );
  });

  test("a module that traps on its first frame cannot be opened", async () => {
    const broken = writeModuleFile(fakeModule({ poison: { trap: 0 } }));
    const error = await openDetector(broken, { runtime, instances: 2, deadlineMs: 500 }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toHaveProperty(
      "message",
      expect.stringContaining("(trap): the module trapped: unreachable"),
    );
  });

  test("a detector that need not prove itself opens with the file, and its first frame is the proof", async () => {
    await using good = await openDetector(path, {
      runtime,
      instances: 1,
      deadlineMs: 500,
      warmUp: false,
    });
    const frame = fakeFrame(2, 7);
    expect((await good.detect(frame, THRESHOLDS)).detections).toEqual(fakeDetections(frame, THRESHOLDS));
    const trap = writeModuleFile(fakeModule({ poison: { trap: 0 } }));
    await using bad = await openDetector(trap, { runtime, instances: 1, deadlineMs: 500, warmUp: false });
    expect(await faultOf(bad.detect(fakeFrame(0), THRESHOLDS))).toBe("trap");
  });

  test("a module that never answers its first frame is given up after the start deadline", async () => {
    const stuck = await loadModule(writeModuleFile(fakeModule({ poison: { loop: 0 } })));
    const opening = startPool(stuck, { runtime, instances: 1, deadlineMs: 500 }, 700);
    await expect(opening).rejects.toMatchObject({ kind: "deadline" });
  });
});

test("less than one instance is the caller's mistake", async () => {
  await expect(openDetector(path, { runtime: "v8", instances: 0, deadlineMs: 500 })).rejects.toThrow(
    RangeError,
  );
});
