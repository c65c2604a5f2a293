import fc from "fast-check";
import { expect, test } from "vitest";
import { isPlainText, plainLines, plainText } from "../../../detectors/plain-text.ts";

test.each([
  ["a control sequence", "\u001b]0;title\u0007\u001b[2Jdoor", "�]0;title�[2Jdoor"],
  ["a C1 control sequence", "\u009b31mdoor\u0085", "�31mdoor�"],
  ["a carriage return, a line break and a tab", "a\r\nb\tc\u007f", "a�b�c�"],
  ["direction characters", "safe\u202egpj.exe \u2066a\u2069 \u061c\u200e\u200f", "safe�gpj.exe �a� �"],
  ["line and paragraph separators", "a\u2028b\u2029c", "a�b�c"],
  ["zero-width characters", "p\u200be\u200cr\u200ds\u2060o\ufeffn\u00ad", "p�e�r�s�o�n�"],
  ["tags", "cat\u{e0068}\u{e0069}\u{e007f}", "cat�"],
  ["hidden variation selectors", "cat\ufe00\ufe01 \u{e0100}\u{e01ef}", "cat� �"],
  ["unpaired surrogates", "a\ud83d b \udc00c", "a� b �c"],
  ["invisible fillers", "a\u3164b\u115fc", "a�b�c"],
  ["blank braille and halfwidth Hangul fillers", "a\u2800b\uffa0c\u1160", "a�b�c�"],
  ["variation selectors after a digit", "1\ufe0f #\ufe0f", "1� #�"],
  ["more than four marks on a letter", `a${"\u0301".repeat(50)}b`, `a${"\u0301".repeat(4)}�b`],
])("replaces each run of %s by one replacement character", (_, text, shown) => {
  expect(plainText(text)).toBe(shown);
});

test.each(["Haustür – 2. Stock", "前門 камера باب", "⚠️ ❤️ 🚪", "e\u0301", "~!@#$%^&*()<>{}"])(
  "leaves %s unchanged",
  (text) => {
    expect(plainText(text)).toBe(text);
  },
);

test("cuts longer text at whole characters and marks the cut", () => {
  expect(plainText("abcdef", 6)).toBe("abcdef");
  expect(plainText("abcdefg", 6)).toBe("abcde…");
  expect(plainText("🚪🚪🚪🚪", 4)).toBe("🚪🚪🚪🚪");
  expect(plainText("🚪🚪🚪🚪🚪", 4)).toBe("🚪🚪🚪…");
  expect(Array.from(plainText("A".repeat(20_000_000)))).toHaveLength(200);
  expect(plainText(`\n${"\n".repeat(5_000_000)}`)).toBe("�…");
});

test("keeps line breaks of several lines, and removes carriage returns and tabs", () => {
  expect(plainLines("one\n\ttwo\r\nthree\rfour\u001b[2J")).toBe("one\n two\nthree�four�[2J");
  expect(plainLines("abcdef", 3)).toBe("abc…");
});

test("removes control and invisible characters from any text", () => {
  const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.integer({ min: 1, max: 300 }),
      (text, n) => {
        expect(plainText(text, n)).not.toMatch(hidden);
        expect(Array.from(plainText(text, n)).length).toBeLessThanOrEqual(n);
        expect(plainLines(text).replaceAll("\n", "")).not.toMatch(hidden);
      },
    ),
  );
});

test.each([" door", "door ", "\u00a0door", "door\u3000", " ", "", "\u2800", "a\u3164", "1\ufe0f", 7])(
  "%j is no plain text, because it looks like another text or like none",
  (value) => {
    expect(isPlainText(value, 10)).toBe(false);
  },
);

test.each(["door", "front door", "⚠️", "門"])("%j is plain text", (value) => {
  expect(isPlainText(value, 10)).toBe(true);
});
