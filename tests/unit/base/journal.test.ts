import { expect, test } from "vitest";
import { journalDestination, journalLine } from "../../../agent/base/journal.ts";
import { openLog } from "../../../agent/base/log.ts";

/** The journal's lines for log calls. */
function journal(write: (log: ReturnType<typeof openLog>) => void): readonly string[] {
  const lines: string[] = [];
  write(openLog("debug", { write: (line: string) => void lines.push(journalLine(line)) }));
  return lines;
}

test("writes the priority, then the message, then the other fields", () => {
  expect(
    journal((log) => {
      log.info("ready");
      log.warn({ camera: "door", remedy: "Check it." }, "frozen, no frame for 10 s");
      log.error(new Error("no way"), "it broke");
      log.debug({ frames: 3 }, "so it goes");
    }),
  ).toEqual([
    "<6>ready\n",
    '<4>frozen, no frame for 10 s {"camera":"door","remedy":"Check it."}\n',
    expect.stringMatching(/^<3>it broke \{"err":\{"type":"Error","message":"no way"/),
    '<7>so it goes {"frames":3}\n',
  ]);
});

test("writes a message with several lines as one entry", () => {
  expect(journal((log) => log.error("two mistakes\n  a.yml:1\n  a.yml:2"))).toEqual([
    "<3>two mistakes | a.yml:1 | a.yml:2\n",
  ]);
});

test("writes to the journal only if systemd has connected standard output to it", () => {
  const stdout = { dev: 9, ino: 1234n };
  expect(journalDestination({ JOURNAL_STREAM: "9:1234" }, stdout)).toBeDefined();
  expect(journalDestination({ JOURNAL_STREAM: "9:1235" }, stdout)).toBeUndefined();
  expect(journalDestination({}, stdout)).toBeUndefined();
});

test("writes no terminal control characters from outside", () => {
  const [line] = journal((log) => log.warn({ name: "\u009b31m" }, "no \u001b]0;pwn\u0007 stream\r\n<3>fake"));
  expect(line).toBe('<4>no �]0;pwn� stream | <3>fake {"name":"�31m"}\n');
});
