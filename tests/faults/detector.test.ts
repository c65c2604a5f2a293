/** Whatever a module does, it costs the one frame in flight, and the next ones are answered. */
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test, vi } from "vitest";
import {
  type Detector,
  type DetectorFaultKind,
  openDetector,
  type Runtime,
} from "../../detectors/detector.ts";
import { askUntilAnswered, faultOf } from "../support/ask-until-answered.ts";
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
  const { detections } = await askUntilAnswered(detector, frame, THRESHOLDS);
  expect(detections).toEqual(fakeDetections(frame, THRESHOLDS));
}

/** All faults but `unavailable`, which says only that the detector is starting again. */
function faultsOf(detector: Detector): Partial<Record<DetectorFaultKind, number>> {
  const { faults } = detector.stats();
  return Object.fromEntries(
    FAULT_KINDS.filter((kind) => faults[kind] > 0).map((kind) => [kind, faults[kind]]),
  );
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
const CASES = [
  ...BOTH_DOORS.map(([poison, kind]) => ["v8", poison, kind] as const),
  ...[...BOTH_DOORS, ...PIPE_ONLY].map(([poison, kind]) => ["wasmer", poison, kind] as const),
];

test.each(CASES)(
  "%s: a module that goes wrong (%s) loses one frame to %s and answers the next",
  async (...row) => {
    const [runtime, poison, kind] = row;
    await using detector = await open(runtime);
    await expectGoodAnswer(detector);
    expect(await faultOf(detector.detect(fakeFrame(POISON[poison]), THRESHOLDS))).toBe(kind);
    await expectGoodAnswer(detector);
    expect(faultsOf(detector)).toEqual({ [kind]: 1 });
    expect(detector.stats().restarts).toBe(1);
  },
);

test("a reply sent twice is answered once, and the second one ends the instance", async () => {
  await using detector = await open("wasmer");
  await detector.detect(fakeFrame(POISON.twice), THRESHOLDS);
  await vi.waitFor(() => expect(faultsOf(detector)).toEqual({ oversized: 1 }));
  await expectGoodAnswer(detector);
});

test("a module's last words stand in the message", async () => {
  await using detector = await open("wasmer");
  await expect(detector.detect(fakeFrame(POISON.lastWords), THRESHOLDS)).rejects.toThrow(
    "exited with code 9 (its last words: second line)",
  );
});

describe.each(["v8", "wasmer"] as const)("%s", (runtime) => {
  test("a frame that comes while the detector starts again is refused at once", async () => {
    await using detector = await open(runtime);
    await faultOf(detector.detect(fakeFrame(POISON.trap), THRESHOLDS));
    expect(await faultOf(detector.detect(fakeFrame(1), THRESHOLDS))).toBe("unavailable");
    expect(detector.stats().faults.unavailable).toBe(1);
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
      await expect(askUntilAnswered(detector, fakeFrame(poison), THRESHOLDS)).rejects.toThrow();
    }
    await expectGoodAnswer(detector);
    await expectGoodAnswer(detector);
    expect(lines).toEqual([
      expect.stringMatching(/^warn The detector failed \(trap\): the module trapped: unreachable/),
      expect.stringMatching(/^warn The detector failed \(exit\): the module exited with code 7/),
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
    await rounds(4);
    const threads = countThreads();
    const rssBytes = process.memoryUsage.rss();
    await rounds(10);
    await vi.waitFor(() => expect(countThreads()).toBeLessThanOrEqual(threads));
    // One detector thread takes 20 to 70 MB: were they kept, these ten would be hundreds.
    expect(process.memoryUsage.rss() - rssBytes).toBeLessThan(60e6);
  });
});

function countThreads(): number {
  return readdirSync("/proc/self/task").length;
}
