import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type Detector, ModelError, openDetector } from "../../../../detectors/detector.ts";
import { loadDetector } from "../../../../detectors/runtime/module.ts";
import { startDetector } from "../../../../detectors/runtime/open-detector.ts";
import { detectWithRetry, faultOf } from "../../../support/detectors/detect-with-retry.ts";
import {
  fakeDetections,
  fakeFrame,
  fakeModule,
  POISON,
  writeModuleFile,
} from "../../../support/detectors/fake-modules.ts";

const THRESHOLDS = { score: 0.25, iou: 0.5 };

let path: string;
beforeAll(() => {
  path = writeModuleFile(fakeModule());
});

describe.each(["v8", "wasmer"] as const)("%s", (runtime) => {
  const open = (instances: number): Promise<Detector> =>
    openDetector(path, { runtime, instances, deadlineMs: 1500 });

  test("detects what is in the frame, with the thresholds of the same request", async () => {
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

  test("runs two instances in parallel, and each result belongs to its request", async () => {
    await using detector = await open(2);
    let lost = false;
    const spinning = faultOf(detector.detect(fakeFrame(POISON.loop), THRESHOLDS)).finally(() => {
      lost = true;
    });
    // One instance is in an endless loop; the other processes all of these meanwhile.
    const frames = Array.from({ length: 30 }, (_, index) => fakeFrame(1 + (index % 3), index));
    const answers = await Promise.all(frames.map((frame) => detector.detect(frame, THRESHOLDS)));
    expect(lost).toBe(false);
    expect(answers.map(({ detections }) => detections)).toEqual(
      frames.map((frame) => fakeDetections(frame, THRESHOLDS)),
    );
    expect(await spinning).toBe("deadline");
  });

  test("processes waiting frames in order, and lets a caller reuse its buffer immediately", async () => {
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

  test("processes waiting frames after the only instance has failed and restarted", async () => {
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

  test("refuses waiting frames when the detector fails repeatedly, and reports the state once", async () => {
    const states: string[] = [];
    await using detector = await openDetector(path, {
      runtime,
      instances: 1,
      deadlineMs: 1500,
      onState: (state) => states.push(state),
    });
    for (let fault = 0; fault < 4; fault++) {
      const trapped = detectWithRetry(detector, fakeFrame(POISON.trap), THRESHOLDS);
      expect(await faultOf(trapped)).toBe("trap");
    }
    expect(detector.stats().state).toBe("failing");
    // From the second fault in a row a delay precedes the restart, and frames do not wait for it.
    await vi.waitFor(async () =>
      expect(await faultOf(detector.detect(fakeFrame(1), THRESHOLDS))).toBe("unavailable"),
    );
    expect(states).toEqual(["failing"]);
    await detectWithRetry(detector, fakeFrame(1), THRESHOLDS);
    expect(states).toEqual(["failing", "working"]);
    expect(detector.stats().state).toBe("working");
  });

  test("rejects the frame in flight and waiting frames when it is closed, even twice", async () => {
    const detector = await open(1);
    const kinds = [POISON.loop, 1].map((first) => faultOf(detector.detect(fakeFrame(first), THRESHOLDS)));
    // Let the guest enter its endless loop.
    await sleep(50);
    await detector[Symbol.asyncDispose]();
    await detector[Symbol.asyncDispose]();
    expect(await Promise.all(kinds)).toEqual(["unavailable", "unavailable"]);
    expect(await faultOf(detector.detect(fakeFrame(1), THRESHOLDS))).toBe("unavailable");
    expect(detector.stats().faults.unavailable, "closing is not a fault").toBe(0);
  });

  test("can be closed while it restarts", async () => {
    const detector = await open(1);
    expect(await faultOf(detector.detect(fakeFrame(POISON.trap), THRESHOLDS))).toBe("trap");
    await detector[Symbol.asyncDispose]();
  });

  test("does not report a missed deadline when its own process was suspended", async () => {
    const deadlineMs = 400;
    await using detector = await openDetector(path, { runtime, instances: 1, deadlineMs });
    const answer = detector.detect(fakeFrame(1), THRESHOLDS);
    // The module replies meanwhile, but this thread is blocked until long after the deadline.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, deadlineMs * 3);
    expect((await answer).detections).toHaveLength(1);
  });

  test("throws a RangeError for a frame of another size", async () => {
    await using detector = await open(1);
    await expect(detector.detect(new Uint8Array(95), THRESHOLDS)).rejects.toThrow(
      "expected 8×4×3 = 96 bytes, received 95",
    );
  });

  test("refuses to open a module that traps on its first frame", async () => {
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

  test("opens without a warm-up if asked, so that only the first frame shows a broken module", async () => {
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

  test("gives up a module that does not reply to its first frame within the start deadline", async () => {
    const stuck = await loadDetector(writeModuleFile(fakeModule({ poison: { loop: 0 } })));
    const opening = startDetector(stuck, { runtime, instances: 1, deadlineMs: 500 }, 700);
    await expect(opening).rejects.toMatchObject({ kind: "deadline" });
  });
});

test("throws a RangeError for less than one instance", async () => {
  await expect(openDetector(path, { runtime: "v8", instances: 0, deadlineMs: 500 })).rejects.toThrow(
    RangeError,
  );
});
