import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { KEPT_BYTES } from "../../agent/camera/decode-plan.ts";
import { findMedia } from "../support/base/materials.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { constantRate, LOOKS, PEOPLE, STILL, WALKERS, x264 } from "../support/camera/idle-cases.ts";
import { judgeIdle } from "../support/camera/judge-idle.ts";
import { filmPassages, type Passage } from "../support/camera/passages.ts";
import { simulatePlan } from "../support/camera/simulate-plan.ts";

const person = findMedia("person.mp4");
const street = findMedia("street.mp4");
const areHere = person !== undefined && street !== undefined;

interface Case {
  readonly source: string | undefined;
  readonly passages: readonly Passage[];
  readonly look: keyof typeof LOOKS;
  /** Between key frames. */
  readonly seconds: number;
  readonly rate?: string;
}

/** Films a clip, plays it to a plan, and prints how that did. */
async function play({ source = "", passages, look, seconds, rate }: Case) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "clip.mp4");
  const encoder = x264(seconds, ...(rate === undefined ? [] : constantRate(rate)));
  const moving = await filmPassages(source, passages, { look: LOOKS[look], encoder }, file);
  const idle = seconds > 2.5 ? "keyframes" : "auto";
  const simulation = await simulatePlan(file, { idle, hasMotionDetection: true, keptBytes: KEPT_BYTES });
  const verdict = judgeIdle(simulation, moving, seconds);
  console.log(
    `${look}, key frame every ${seconds} s, ${rate ?? "constant quality"}: ` +
      `${verdict.missed} of ${verdict.passages} passages missed, ${verdict.shortMissed} of ${verdict.shortPassages} short ones; ` +
      `delay ${verdict.meanDelay.toFixed(2)} s, at most ${verdict.mostDelay.toFixed(1)} s; ` +
      `${(100 * verdict.stillDecoded).toFixed(1)} % decoded in ${verdict.stillSeconds.toFixed(0)} still seconds, ` +
      `${verdict.hintsPerMinute.toFixed(1)} hints per minute`,
  );
  return verdict;
}

const looks = ["normal", "dim", "noisy"] as const;
const cameras = [
  { seconds: 1, look: "normal" as const },
  ...looks.map((look) => ({ seconds: 2, look })),
  ...looks.map((look) => ({ seconds: 4, look })),
];

describe.skipIf(!areHere).each(cameras)("$look, with a key frame every $seconds s", ({ seconds, look }) => {
  test.each([
    ["all six people of person.mp4 are", { source: person, passages: PEOPLE }],
    ["all starts of the walkers of street.mp4 are", { source: street, passages: WALKERS }],
  ])("%s seen at most one interval and half a second later than with all frames decoded", async (_, clip) => {
    const verdict = await play({ ...clip, seconds, look });
    expect(verdict.passages).toBeGreaterThanOrEqual(3);
    expect(verdict.missed).toBe(0);
    expect(verdict.mostDelay).toBeLessThanOrEqual(seconds + 0.5);
  });
});

test
  .skipIf(!areHere)
  .each([
    { look: "normal" as const },
    { look: "dim" as const },
    { look: "noisy" as const },
    { look: "normal" as const, rate: "512k" },
    { look: "normal" as const, rate: "3150k" },
  ])("of a still scene ($look, $rate) at most an eighth of the frames is decoded", async (camera) => {
  const { stillDecoded, stillSeconds, hintsPerMinute } = await play({
    ...camera,
    source: person,
    passages: STILL,
    seconds: 2,
  });
  expect(stillSeconds).toBeGreaterThan(90);
  expect(stillDecoded).toBeLessThanOrEqual(1 / 8);
  expect(hintsPerMinute).toBeLessThanOrEqual(4);
});
