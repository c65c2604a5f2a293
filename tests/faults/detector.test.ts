/** Any fault of a module costs the one frame in flight; the next frames get replies. */
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
import { detectWithRetry, faultOf } from "../support/detectors/detect-with-retry.ts";
import {
  fakeDetections,
  fakeFrame,
  fakeModule,
  POISON,
  writeModuleFile,
} from "../support/detectors/fake-modules.ts";

const THRESHOLDS = { score: 0.25, iou: 0.5 };
const DEADLINE_MS = 600;
const FAULT_KINDS = ["deadline", "trap", "exit", "garbage", "oversized"] as const;

let path: string;
beforeAll(() => {
  path = writeModuleFile(fakeModule());
});

const open = (runtime: Runtime): Promise<Detector> =>
  openDetector(path, { runtime, instances: 1, deadlineMs: DEADLINE_MS });

async function expectReply(detector: Detector): Promise<void> {
  const frame = fakeFrame(3, 40);
  const { detections } = await detectWithRetry(detector, frame, THRESHOLDS);
  expect(detections).toEqual(fakeDetections(frame, THRESHOLDS));
}

/** The counters since then, without `unavailable`, which means only that the detector is restarting. */
function countedSince(earlier: DetectorStats, detector: Detector): Record<string, number> {
  const now = detector.stats();
  const counted = FAULT_KINDS.map((kind) => [kind, now.faults[kind] - earlier.faults[kind]] as const);
  const faults = Object.fromEntries(counted.filter(([, count]) => count > 0));
  return { ...faults, restarts: now.restarts - earlier.restarts };
}

type Poison = keyof typeof POISON;
const ALL_RUNTIMES: readonly (readonly [Poison, DetectorFaultKind])[] = [
  ["loop", "deadline"],
  ["late", "deadline"],
  ["trap", "trap"],
  ["exit", "exit"],
  ["tooMany", "garbage"],
  ["notANumber", "garbage"],
  ["badLabel", "garbage"],
];
const WASMER_ONLY: readonly (readonly [Poison, DetectorFaultKind])[] = [
  ["badMagic", "garbage"],
  ["wrongSequence", "garbage"],
  ["truncated", "deadline"],
  ["flood", "oversized"],
  ["end", "exit"],
  ["errorText", "exit"],
];
const CASES = { v8: ALL_RUNTIMES, wasmer: [...ALL_RUNTIMES, ...WASMER_ONLY] } as const;

describe.each(["v8", "wasmer"] as const)("%s, one detector for all faults", (runtime) => {
  let detector: Detector;
  beforeAll(async () => {
    detector = await open(runtime);
  });
  afterAll(() => detector[Symbol.asyncDispose]());

  test.each(CASES[runtime])(
    "a module that misbehaves (%s) loses one frame to %s and replies to the next",
    async (...row) => {
      const [poison, kind] = row;
      await expectReply(detector);
      const earlier = detector.stats();
      expect(await faultOf(detector.detect(fakeFrame(POISON[poison]), THRESHOLDS))).toBe(kind);
      await expectReply(detector);
      expect(countedSince(earlier, detector)).toEqual({ [kind]: 1, restarts: 1 });
    },
  );
});

test("unsolicited bytes with a reply or after it restart the instance", async () => {
  await using detector = await open("wasmer");
  const earlier = detector.stats();
  await detector.detect(fakeFrame(POISON.twice), THRESHOLDS).catch(() => undefined);
  await vi.waitFor(() => expect(detector.stats().faults.oversized).toBe(1));
  await expectReply(detector);
  expect(countedSince(earlier, detector)).toEqual({ oversized: 1, restarts: 1 });
});

test("standard error of a module cannot control a terminal", async () => {
  const hostile = writeModuleFile(fakeModule({ errorText: "bad request\\n\\1b]0;pwned\\07\\c2\\9b" }));
  await using detector = await openDetector(hostile, { runtime: "wasmer", instances: 1, deadlineMs: 2_000 });
  await expect(detector.detect(fakeFrame(POISON.errorText), THRESHOLDS)).rejects.toThrow(
    "exited with code 9 (standard error: \ufffd]0;pwned\ufffd)",
  );
});

test("the last line of standard error is in the message", async () => {
  await using detector = await open("wasmer");
  await expect(detector.detect(fakeFrame(POISON.errorText), THRESHOLDS)).rejects.toThrow(
    "exited with code 9 (standard error: second line)",
  );
});

describe.each(["v8", "wasmer"] as const)("%s", (runtime) => {
  test("a frame waits while the detector restarts, and gets a reply", async () => {
    await using detector = await openDetector(path, { runtime, instances: 1, deadlineMs: 5_000 });
    await faultOf(detector.detect(fakeFrame(POISON.trap), THRESHOLDS));
    const frame = fakeFrame(1, 9);
    const { detections } = await detector.detect(frame, THRESHOLDS);
    expect(detections).toEqual(fakeDetections(frame, THRESHOLDS));
    expect(detector.stats().faults.unavailable).toBe(0);
  });

  test("a repeated fault is logged once, and so is the recovery", async () => {
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
    await expectReply(detector);
    await expectReply(detector);
    expect(lines).toEqual([
      expect.stringMatching(/^warn The detector failed \(trap\): the module trapped: unreachable/),
      expect.stringMatching(/^warn The detector failed \(exit\): the module exited with code 7/),
      expect.stringMatching(/^warn The detector keeps failing: 3 faults without a reply in between/),
      expect.stringMatching(/^info The detector has recovered after 3 faults/),
    ]);
  });

  test("the CPU is idle again after a module in an endless loop", async () => {
    await using detector = await open(runtime);
    await faultOf(detector.detect(fakeFrame(POISON.loop), THRESHOLDS));
    await expectReply(detector);
    const windowMs = 500;
    const before = process.cpuUsage();
    await sleep(windowMs);
    const { user, system } = process.cpuUsage(before);
    // A guest that was not stopped would use a whole core.
    expect((user + system) / 1000).toBeLessThan(windowMs / 2);
  });

  test.skipIf(process.platform !== "linux")("faults leak no threads and no memory", async () => {
    await using detector = await open(runtime);
    const rounds = async (count: number): Promise<void> => {
      for (let round = 0; round < count; round += 1) {
        await faultOf(detector.detect(fakeFrame(POISON.trap), THRESHOLDS));
        await expectReply(detector);
      }
    };
    await rounds(3);
    const threads = countThreads();
    const rssBytes = process.memoryUsage.rss();
    await rounds(8);
    // On a busy machine the last threads end late.
    await vi.waitFor(() => expect(countThreads()).toBeLessThanOrEqual(threads), 10_000);
    // A detector thread takes 20 to 70 MB. Eight leaked threads would take hundreds.
    expect(process.memoryUsage.rss() - rssBytes).toBeLessThan(60e6);
  });
});

function countThreads(): number {
  return readdirSync("/proc/self/task").length;
}
