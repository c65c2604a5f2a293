import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { plainJson, plainValue, printed } from "../../../agent/base/plain-text.ts";

const HOSTILE = "\u001b]0;pwn\u0007\u009b31m\u202e\u{e0041}\ud800";

test("prints JSON with the same data and without terminal control characters", () => {
  const value = { [HOSTILE]: [HOSTILE, { name: "ü 🚪 ⚠️" }], none: undefined };
  expect(plainJson(value)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  expect(plainJson(value)).toContain("ü 🚪 ⚠️");
  expect(JSON.parse(plainJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
});

test("copies a value with clean and short texts, to a limited depth", () => {
  const limits = { text: 5, all: 1000 };
  expect(plainValue({ a: "\u001b[2J", b: [1, true, null, "123456"], "c\u0007": {} }, limits)).toEqual({
    a: "�[2J",
    b: [1, true, null, "12345…"],
    "c�": {},
  });
  const nested = Array.from({ length: 5_000 }).reduce<unknown>((inner) => [inner], "x");
  expect(JSON.stringify(plainValue(nested, limits))).toMatch(/^\[+"…"\]+$/);
});

test("prints a text with its line breaks and a final one", () => {
  expect(printed("one\ntwo\u001b[2J")).toBe("one\ntwo�[2J\n");
});

test("all terminal output of the program goes through these functions", () => {
  const root = fileURLToPath(new URL("../../../agent", import.meta.url));
  const bare = globSync("**/*.ts", { cwd: root }).filter((file) =>
    /(?:stdout|stderr|stream|shown)\.write\((?!printed\()/.test(readFileSync(join(root, file), "utf8")),
  );
  // These files write their own control sequences, or text that explainError has already cleaned.
  expect(bare.sort()).toEqual([
    ...["command-line.ts", "commands/replay/progress-line.ts", "commands/status/status.ts"],
  ]);
});
