/** Whatever a module does, it costs the one frame in flight, and the next ones are answered. */
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  type Detector,
  type DetectorFaultKind,
  type DetectorStats,
  openDetector,
  type Runtime,
} from "../../detectors/detector.ts";
import { detectWithRetry, faultOf } from "../support/detect-with-retry.ts";
import { fakeDetections, fakeFrame, fakeModule, POISON, writeModuleFile } from "../support/fake-modules.ts";

const THRESHOLDS = { score: 0.25, iou: 0.5 };
const DEADLINE_MS = 600;
const FAULT_KINDS = ["deadline", "trap", "exit", "garbage", "oversized"] as const;

let path: string;
beforeAll(() => {
  path = writeModuleFile(fakeModule());
});

const open = (runtime: Runtime): Promise<Detector> =>
  openDetector(path, { runtime, instances: 1, deadlineMs: DEADLINE_MS });

async function expectGoodAnswer(detector: Detector): Promise<void> {
  const frame = fakeFrame(3, 40);
  const { detections } = await detectWithRetry(detector, frame, THRESHOLDS);
  expect(detections).toEqual(fakeDetections(frame, THRESHOLDS));
}

/** What was counted since then; without `unavailable`, which says only that the detector is starting again. */
function countedSince(earlier: DetectorStats, detector: Detector): Record<string, number> {
  const now = detector.stats();
  const counted = FAULT_KINDS.map((kind) => [kind, now.faults[kind] - earlier.faults[kind]] as const);
  const faults = Object.fromEntries(counted.filter(([, count]) => count > 0));
  return { ...faults, restarts: now.restarts - earlier.restarts };
}

type Poison = keyof typeof POISON;
const BOTH_DOORS: readonly (readonly [Poison, DetectorFaultKind])[] = [
  ["loop", "deadline"],
  ["late", "deadline"],
  ["trap", "trap"],
  ["exit", "exit"],
  ["tooMany", "garbage"],
  ["notANumber", "garbage"],
  ["badLabel", "garbage"],
];
const PIPE_ONLY: readonly (readonly [Poison, DetectorFaultKind])[] = [
  ["badMagic", "garbage"],
  ["wrongSequence", "garbage"],
  ["truncated", "deadline"],
  ["flood", "oversized"],
  ["end", "exit"],
  ["lastWords", "exit"],
];
const CASES = { v8: BOTH_DOORS, wasmer: [...BOTH_DOORS, ...PIPE_ONLY] } as const;

describe.each(["v8", "wasmer"] as const)("%s, one detector through all of this", (runtime) => {
  let detector: Detector;
  beforeAll(async () => {
    detector = await open(runtime);
  });
  afterAll(() => detector[Symbol.asyncDispose]());

  test.each(CASES[runtime])(
    "a module that goes wrong (%s) loses one frame to %s and answers the next",
    async (...row) => {
      const [poison, kind] = row;
      await expectGoodAnswer(detector);
      const earlier = detector.stats();
      expect(await faultOf(detector.detect(fakeFrame(POISON[poison]), THRESHOLDS))).toBe(kind);
      await expectGoodAnswer(detector);
      expect(countedSince(earlier, detector)).toEqual({ [kind]: 1, restarts: 1 });
    },
  );
});

test("bytes that nobody asked for end the instance, whether they come with a reply or after it", async () => {
  await using detector = await open("wasmer");
  const earlier = detector.stats();
  await detector.detect(fakeFrame(POISON.twice), THRESHOLDS).catch(() => undefined);
  await vi.waitFor(() => expect(detector.stats().faults.oversized).toBe(1));
  await expectGoodAnswer(detector);
  expect(countedSince(earlier, detector)).toEqual({ oversized: 1, restarts: 1 });
});

test("a module's last words cannot steer a terminal", async () => {
  const hostile = writeModuleFile(fakeModule({ lastWords: "bad request\\n\\1b]0;pwned\\07\\c2\\9b" }));
  await using detector = await openDetector(hostile, { runtime: "wasmer", instances: 1, deadlineMs: 2_000 });
  await expect(detector.detect(fakeFrame(POISON.lastWords), THRESHOLDS)).rejects.toThrow(
    "exited with code 9 (its last words: \ufffd]0;pwned\ufffd)",
  );
});

test("a module's last words stand in the message", async () => {
  await using detector = await open("wasmer");
  await expect(detector.detect(fakeFrame(POISON.lastWords), THRESHOLDS)).rejects.toThrow(
    "exited with code 9 (its last words: second line)",
  );
});

describe.each(["v8", "wasmer"] as const)("%s", (runtime) => {
  test("a frame that comes while the detector starts again waits for it and is answered", async () => {
    await using detector = await openDetector(path, { runtime, instances: 1, deadlineMs: 5_000 });
    await faultOf(detector.detect(fakeFrame(POISON.trap), THRESHOLDS));
    const frame = fakeFrame(1, 9);
    const { detections } = await detector.detect(frame, THRESHOLDS);
    expect(detections).toEqual(fakeDetections(frame, THRESHOLDS));
    expect(detector.stats().faults.unavailable).toBe(0);
  });

  test("a fault that repeats is logged once, and the recovery once", async () => {
    const lines: string[] = [];
    await using detector = await openDetector(path, {
      runtime,
      instances: 1,
      deadlineMs: DEADLINE_MS,
      log: ({ level, message }) => lines.push(`${level} ${message}`),
    });
    for (const poison of [POISON.trap, POISON.trap, POISON.exit]) {
      await expect(detectWithRetry(detector, fakeFrame(poison), THRESHOLDS)).rejects.toThrow();
    }
    await expectGoodAnswer(detector);
    await expectGoodAnswer(detector);
    expect(lines).toEqual([
      expect.stringMatching(/^warn The detector failed \(trap\): the module trapped: unreachable/),
      expect.stringMatching(/^warn The detector failed \(exit\): the module exited with code 7/),
      expect.stringMatching(/^warn The detector keeps failing: 3 deaths without an answer/),
      expect.stringMatching(/^info The detector answers again after 3 faults/),
    ]);
  });

  test("after a module that computed for ever the CPU is idle again", async () => {
    await using detector = await open(runtime);
    await faultOf(detector.detect(fakeFrame(POISON.loop), THRESHOLDS));
    await expectGoodAnswer(detector);
    const windowMs = 500;
    const before = process.cpuUsage();
    await sleep(windowMs);
    const { user, system } = process.cpuUsage(before);
    // A guest left behind would use all of one core.
    expect((user + system) / 1000).toBeLessThan(windowMs / 2);
  });

  test.skipIf(process.platform !== "linux")("deaths leave no threads and no memory behind", async () => {
    await using detector = await open(runtime);
    const rounds = async (count: number): Promise<void> => {
      for (let round = 0; round < count; round += 1) {
        await faultOf(detector.detect(fakeFrame(POISON.trap), THRESHOLDS));
        await expectGoodAnswer(detector);
      }
    };
    await rounds(3);
    const threads = countThreads();
    const rssBytes = process.memoryUsage.rss();
    await rounds(8);
    // A busy machine takes its time to end the last one's threads.
    await vi.waitFor(() => expect(countThreads()).toBeLessThanOrEqual(threads), 10_000);
    // One detector thread takes 20 to 70 MB: were they kept, these eight would be hundreds.
    expect(process.memoryUsage.rss() - rssBytes).toBeLessThan(60e6);
  });
});

function countThreads(): number {
  return readdirSync("/proc/self/task").length;
}
