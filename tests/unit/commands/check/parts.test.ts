import { expect, test } from "vitest";
import { ConfigError, TransientError } from "../../../../agent/base/errors.ts";
import { explainFailure } from "../../../../agent/camera/explain-failure.ts";
import { withRemedyForCheck } from "../../../../agent/commands/check/parts.ts";

test("replaces a remedy that refers to check itself", () => {
  const failure = explainFailure("door", ["something unknown"]);
  expect(failure.remedy).toContain("sabrewing check");
  const shown = withRemedyForCheck(failure);
  expect(shown).toBeInstanceOf(TransientError);
  expect(shown).toMatchObject({ message: failure.message, remedy: expect.stringMatching(/ffplay/) });
  expect(shown).toMatchObject({ remedy: expect.not.stringContaining("sabrewing check") });
});

test("keeps every other remedy", () => {
  for (const error of [
    explainFailure("door", ["Connection refused"]),
    new ConfigError("wrong", "Correct it."),
    new Error("bug"),
  ]) {
    expect(withRemedyForCheck(error)).toBe(error);
  }
});
