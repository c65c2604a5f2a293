import { expect, test } from "vitest";
import { ConfigError, TransientError, UsageError } from "../../agent/base/errors.ts";
import { explainError, withCleanWords } from "../../agent/explain-error.ts";
import { DetectorFault, ModelError } from "../../detectors/detector.ts";

test("errors that the user must fix exit with 78 and name the remedy", () => {
  for (const error of [
    new ConfigError("no such thing", "Get one."),
    new ModelError("no such thing", "Get one."),
  ]) {
    expect(explainError(error)).toEqual({ exitCode: 78, text: "sabrewing: no such thing\n  → Get one.\n" });
  }
});

test("temporary failures exit with 75, bad usage with 64", () => {
  expect(explainError(new TransientError("away", "Wait.")).exitCode).toBe(75);
  expect(explainError(new DetectorFault("deadline", "late"))).toMatchObject({
    exitCode: 75,
    text: expect.stringMatching(/the detector does not answer: late\n {2}→ /),
  });
  expect(explainError(new UsageError("expected a number"), "See the help.")).toEqual({
    exitCode: 64,
    text: "sabrewing: expected a number\n  → See the help.\n",
  });
  expect(explainError(new UsageError("expected a number", "Give one."), "See the help.").text).toBe(
    "sabrewing: expected a number\n  → Give one.\n  → See the help.\n",
  );
});

test("any other error is a bug: exits with 70 and shows the stack and its causes", () => {
  const { exitCode, text } = explainError(new Error("outer", { cause: new TypeError("inner") }));
  expect(exitCode).toBe(70);
  expect(text).toMatch(/this is a bug/);
  expect(text).toMatch(/Error: outer[\s\S]*explain-error\.test\.ts[\s\S]*caused by TypeError: inner/);
  expect(explainError("a string").text).toMatch(/a string/);
});

test("shortens a long message, but not its remedy", () => {
  for (const error of [
    new ConfigError("A".repeat(20e6), "Do it."),
    new ModelError("A".repeat(20e6), "Do it."),
  ]) {
    const { text } = explainError(error);
    expect(text.length).toBeLessThan(60_000);
    expect(text).toMatch(/A…\n {2}→ Do it\.\n$/);
  }
  expect(explainError(new Error("A".repeat(20e6))).text.length).toBeLessThan(60_000);
});

test("removes control characters from messages and remedies", () => {
  const hostile = "\u001b]0;pwn\u0007\u009b31m\u202e";
  for (const error of [
    new ConfigError(hostile, hostile),
    new TransientError(hostile, hostile),
    new UsageError(hostile),
    new ModelError(hostile, hostile),
    new DetectorFault("garbage", hostile),
    new Error(hostile, { cause: hostile }),
    hostile,
  ]) {
    expect(explainError(error).text).toContain("�]0;pwn�31m�");
    expect(explainError(error).text).not.toMatch(/[^\P{C}\n]/u);
  }
});

test.each([
  [["rtsp:/admin:SECRETX1@cam"], "no such file: rtsp:/admin:SECRETX1@cam", "no such file: ***@cam"],
  [["--model=rtsp//admin:SECRETX1@cam"], "rtsp//admin:SECRETX1@cam: gone", "***@cam: gone"],
  [["-crtsp:/admin:SECRETX1@cam"], "cannot read rtsp:/admin:SECRETX1@cam", "cannot read ***@cam"],
  [["rtsp://a:SECRETX1@cam/x"], "open '/tmp/rtsp:/a:SECRETX1@cam/x'", "open '/tmp/rtsp://***@cam/x'"],
  [["clip:1.mp4", "two\nlines"], "clip:1.mp4, two\nlines", "clip:1.mp4, two�lines"],
])("shows no login of the words %j", (words, text, shown) => {
  expect(withCleanWords(text, words)).toBe(shown);
});
