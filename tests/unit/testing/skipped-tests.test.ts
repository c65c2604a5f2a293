import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ALLOWED_SKIPS, forbiddenSkips, type TestReport } from "../../../scripts/testing/skipped-tests.ts";

describe("where material is required", () => {
  test("a skipped test is reported by its full name", () => {
    expect(forbiddenSkips(report(["holds six people", "skipped"]))).toEqual(["person.mp4 holds six people"]);
  });

  test("tests that passed or failed are not reported", () => {
    expect(forbiddenSkips(report(["a", "passed"], ["b", "failed"]))).toEqual([]);
  });

  test("a test in the list may be skipped", () => {
    const allowed = { "cannot be written": "a user other than root" };
    expect(forbiddenSkips(report(["cannot be written", "skipped"]), allowed)).toEqual([]);
  });

  test("the list names only tests that are skipped on a condition", () => {
    const folder = fileURLToPath(new URL("../../", import.meta.url));
    const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".test.ts"))
      .map((path) => readFileSync(join(folder, path), "utf8"));
    const conditional = sources.flatMap((source) =>
      [...source.matchAll(/test\.skipIf\(.*\)\(\s*"([^"]+)"/g)].map(([, title]) => title),
    );
    expect(conditional).toEqual(expect.arrayContaining(Object.keys(ALLOWED_SKIPS)));
  });
});

function report(...tests: readonly (readonly [title: string, status: string])[]): TestReport {
  const assertionResults = tests.map(([title, status]) => ({
    title,
    fullName: `person.mp4 ${title}`,
    status,
  }));
  return { testResults: [{ status: "passed", assertionResults }] };
}
