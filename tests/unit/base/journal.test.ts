import { expect, test } from "vitest";
import { journalDestination, journalLine } from "../../../agent/base/journal.ts";
import { openLog } from "../../../agent/base/log.ts";

/** The journal's lines for what a log is told. */
function journal(tell: (log: ReturnType<typeof openLog>) => void): readonly string[] {
  const lines: string[] = [];
  tell(openLog("debug", { write: (line: string) => void lines.push(journalLine(line)) }));
  return lines;
}

test("the journal gets the priority, then the words, then the details", () => {
  expect(
    journal((log) => {
      log.info("ready");
      log.warn({ camera: "door", remedy: "Check it." }, "frozen, no picture for 10 s");
      log.error(new Error("no way"), "it broke");
      log.debug({ frames: 3 }, "so it goes");
    }),
  ).toEqual([
    "<6>ready\n",
    '<4>frozen, no picture for 10 s {"camera":"door","remedy":"Check it."}\n',
    expect.stringMatching(/^<3>it broke \{"err":\{"type":"Error","message":"no way"/),
    '<7>so it goes {"frames":3}\n',
  ]);
});

test("what has several lines stays one entry", () => {
  expect(journal((log) => log.error("two mistakes\n  a.yml:1\n  a.yml:2"))).toEqual([
    "<3>two mistakes | a.yml:1 | a.yml:2\n",
  ]);
});

test("only a standard output that systemd has connected to the journal is one", () => {
  const stdout = { dev: 9, ino: 1234n };
  expect(journalDestination({ JOURNAL_STREAM: "9:1234" }, stdout)).toBeDefined();
  expect(journalDestination({ JOURNAL_STREAM: "9:1235" }, stdout)).toBeUndefined();
  expect(journalDestination({}, stdout)).toBeUndefined();
});

test("what comes from outside steers no terminal that shows the journal", () => {
  const [line] = journal((log) => log.warn({ name: "\u009b31m" }, "no \u001b]0;pwn\u0007 stream\r\n<3>fake"));
  expect(line).toBe('<4>no �]0;pwn� stream | <3>fake {"name":"�31m"}\n');
});
