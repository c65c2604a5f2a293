import { describe, expect, test } from "vitest";
import { compareLines } from "../../../scripts/comparison/compare-lines.ts";

describe("two outputs", () => {
  test("with equal lines are the same", () => {
    expect(compareLines("a\nb\n", "a\nb\n")).toEqual({ same: "2 lines" });
  });

  test("of one line are the same when it is equal", () => {
    expect(compareLines("SHA-256 12", "SHA-256 12")).toEqual({ same: "SHA-256 12" });
  });

  test("differ from the first line that differs", () => {
    expect(compareLines("a\nb\nc\n", "a\nB\nC\n")).toEqual({ line: 2, before: "b", after: "B" });
  });

  test("differ where one of them ends", () => {
    expect(compareLines("a\nb", "a")).toEqual({ line: 2, before: "b", after: "(nothing)" });
    expect(compareLines("a", "a\nb")).toEqual({ line: 2, before: "(nothing)", after: "b" });
  });
});
