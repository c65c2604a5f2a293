import { describe, expect, test } from "vitest";
import { END_REASONS } from "../../../../agent/events/event.ts";
import { reasonText } from "../../../../agent/view/page/history-words.ts";

describe("the reason why an event ended", () => {
  test("is said in words for every reason that is published", () => {
    for (const reason of END_REASONS) {
      expect(reasonText({ reason })).toMatch(/^It ended because (?:\S+ ){2,}\S+\.$/);
    }
  });

  test("tells whether the camera or its detection was switched off", () => {
    const text = (by: string) => reasonText({ reason: `switched_off ${by}` });
    expect(text("detect")).toBe("It ended because detection was switched off.");
    expect(text("enabled")).toBe("It ended because the camera was switched off.");
  });
});
