/** ONNX's own backend tests, run in this process's engine. */
import { describe, expect, test } from "vitest";
import { judgeTest } from "../../scripts/conformance/judge-test.ts";
import { findOnnxTests } from "../../scripts/conformance/onnx-tests.ts";
import { backendFolder } from "../support/models/onnx-backend.ts";

const folder = backendFolder();
const judgements = folder === undefined ? [] : findOnnxTests(folder).map(judgeTest);

describe.skipIf(folder === undefined)("ONNX's own backend tests", () => {
  test("are right, or refused by name", () => {
    const counts = Map.groupBy(judgements, ({ verdict }) => verdict);
    expect(counts.get("wrong") ?? []).toEqual([]);
    expect(judgements).toHaveLength(140);
    expect(counts.get("right")?.length).toBeGreaterThanOrEqual(120);
  });

  test("are refused only for sequences, strings and training", () => {
    const refused = judgements.filter(({ verdict }) => verdict === "refused");
    const others = refused.filter(({ operator }) => !/Sequence|String|Gradient/.test(operator));
    expect(others).toEqual([]);
    for (const { reason } of refused) expect(reason).toMatch(/Sequence|Gradient|elements of string/);
  });
});
