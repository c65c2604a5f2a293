import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { bestScore, scoreFigures, scoreRows } from "../../../scripts/benchmark/scores/judge-tracks.ts";
import { LABEL_SETS, labelledObjects } from "../../../scripts/benchmark/scores/labels.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";

const OBJECT = { clip: "a.mp4", seconds: 2, label: "person", box: [10, 10, 30, 50], isReal: true } as const;
const track = (topScore: number, seconds: number, label = "person") => ({
  label,
  topScore,
  boxes: [{ seconds, box: [11, 10, 31, 50] as const }],
});

describe("a labelled object", () => {
  test("has the score of the best track at its place and time", () => {
    expect(bestScore(OBJECT, [track(0.4, 2), track(0.6, 2.2), track(0.9, 3), track(0.9, 2, "dog")])).toBe(
      0.6,
    );
    expect(bestScore(OBJECT, [])).toBe(0);
  });

  test("counts for precision and recall from its score on", () => {
    const objects = [
      { label: "person", isReal: true, score: 0.8 },
      { label: "person", isReal: true, score: 0.5 },
      { label: "person", isReal: false, score: 0.5 },
      { label: "person", isReal: true, score: 0 },
    ];
    expect(scoreRows("person", objects, [0.5, 0.7])).toMatchObject([
      { threshold: 0.5, reported: 3, real: 2, precision: 0.6667, recall: 0.6667 },
      { threshold: 0.7, reported: 1, real: 1, precision: 1, recall: 0.3333 },
    ]);
  });

  test("counts with the threshold of its label", () => {
    const objects = [
      { label: "person", isReal: true, score: 0.5 },
      { label: "bus", isReal: false, score: 0.5 },
    ];
    expect(scoreFigures(objects, (label) => (label === "bus" ? 0.6 : 0.5))).toMatchObject({
      reported: 1,
      real: 1,
    });
  });
});

const LABELS = ["person", "car", "truck", "bus", "motorcycle", "bicycle", "dog", "cow"];

describe.each(LABEL_SETS)("the labels in %s.csv", (set) => {
  test("are complete", () => {
    const objects = labelledObjects(set);
    expect(objects.length).toBeGreaterThan(100);
    for (const { clip, label, seconds, box } of objects) {
      expect(clip).toMatch(/^\w+\.(mp4|avi|m4v)$/);
      expect(LABELS).toContain(label);
      expect([seconds, ...box].every(Number.isFinite)).toBe(true);
      expect(box[2] > box[0] && box[3] > box[1], `${clip} ${seconds}`).toBe(true);
    }
  });
});

test("no clip has labels in both sets", () => {
  const [chosenFrom, heldOut] = LABEL_SETS.map(
    (set) => new Set(labelledObjects(set).map(({ clip }) => clip)),
  );
  expect([...(chosenFrom ?? [])].filter((clip) => heldOut?.has(clip))).toEqual([]);
});

test("the benchmark fails if it has no clip, instead of printing nothing", async () => {
  await using folder = await temporaryFolder();
  const args = ["scripts/bench-scores.ts", "--json", "--clips", folder.path];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain("street.mp4 is skipped: there is no such file");
  expect(stderr).toContain("name their folder with --clips");
});
