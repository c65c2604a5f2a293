import { describe, expect, test } from "vitest";
import { explainDetection } from "../../../../agent/view/insight/explain.ts";
import { door } from "../../../support/agent/small-config.ts";

const FRAME = { width: 640, height: 320 };
const RULES = door(`
objects:
  track: [person, car]
  mask: "0.8,0,1,0,1,1,0.8,1"
  filters:
    person: {min_score: 0.5, threshold: 0.7, min_area: 1000, max_ratio: 1, mask: "0,0.9,0.1,0.9,0.1,1,0,1"}
`);
const PERSON = { label: "person", score: 0.8, box: [300, 100, 340, 200], region: [0, 0, 640, 320] } as const;

describe("a detection that starts no track is explained", () => {
  test.each([
    [{ label: "dog" }, "objects.track", "the label is not tracked"],
    [{ score: 0.4 }, "objects.filters.person.min_score", "its score, 40 %, is below min_score, 50 %"],
    [
      { box: [300, 100, 310, 150] },
      "objects.filters.person.min_area",
      "its area, 500 pixels, is below min_area, 1000 pixels",
    ],
    [
      { box: [300, 100, 420, 200] },
      "objects.filters.person.max_ratio",
      "its width / height, 1.20, is above max_ratio, 1.00",
    ],
    [{ box: [560, 100, 600, 200] }, "objects.mask", "it stands in a mask"],
    [{ box: [5, 200, 45, 310] }, "objects.filters.person.mask", "it stands in a mask"],
  ] as const)("%o by %s", (changes, key, text) => {
    expect(explainDetection({ ...PERSON, ...changes }, RULES, FRAME)).toEqual({ key, text });
  });

  test("unless it starts one, or is noise", () => {
    expect(explainDetection(PERSON, RULES, FRAME)).toBeUndefined();
    expect(explainDetection({ ...PERSON, score: 0.2 }, RULES, FRAME)).toBeUndefined();
    expect(explainDetection({ ...PERSON, label: "dog", score: 0.3 }, RULES, FRAME)).toBeUndefined();
  });
});
