import { expect, test } from "vitest";
import { type Log, openLog } from "../../../agent/base/log.ts";

test("a line is JSON with the level's name, an ISO time and its fields", () => {
  const lines: string[] = [];
  const log = openLog("info", { write: (line) => lines.push(line) });
  log.info({ camera: "door" }, "camera is on");
  log.debug("not at this level");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: "info", time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/), camera: "door", msg: "camera is on" },
  ]);
});

/** The output for log calls. */
function written(write: (log: ReturnType<typeof openLog>) => void): string {
  const lines: string[] = [];
  write(openLog("info", { write: (line: string) => void lines.push(line) }));
  expect(lines).toHaveLength(1);
  return lines.join("");
}

const HOSTILE = "\u001b]0;pwn\u0007\u009b31m\u202e\u2028";

test.each([
  ["its message", (log: Log) => log.warn(HOSTILE)],
  ["a field", (log: Log) => log.warn({ name: HOSTILE }, "message")],
  ["a field's name", (log: Log) => log.warn({ [HOSTILE]: 1 }, "message")],
  ["a nested field", (log: Log) => log.warn({ camera: { names: [HOSTILE] } }, "message")],
  ["a child's field", (log: Log) => log.child({ name: HOSTILE }).warn("message")],
  ["an error", (log: Log) => log.warn({ err: new Error(HOSTILE) }, "message")],
  ["an error by itself", (log: Log) => log.warn(new Error(HOSTILE))],
])("writes no terminal control characters from %s", (_, write) => {
  const line = written(write);
  expect(line).toContain("�");
  expect(line.trimEnd()).not.toMatch(/[\p{C}\u2028\u2029]/u);
  expect(line).not.toMatch(/\\u00(1b|07|9b)/);
});

test("a line with long quotes stays short and contains its message", () => {
  const long = "A".repeat(20_000_000);
  const line = written((log) =>
    log.warn({ a: long, b: [long], c: { d: long }, e: long, f: long, g: long }, long),
  );
  expect(line.length).toBeLessThan(25_000);
  expect(JSON.parse(line)).toMatchObject({ level: "warn", msg: expect.stringMatching(/^A{4000}…$/) });
  const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`key${index}`, [index]]));
  expect(written((log) => log.warn(many, "message")).length).toBeLessThan(25_000);
});
