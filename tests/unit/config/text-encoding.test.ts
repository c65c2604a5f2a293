import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { InvalidConfig } from "../../../agent/config/invalid-config.ts";
import { loadConfig } from "../../../agent/config/load.ts";
import { configMistakes, SMALLEST_CONFIG } from "../../support/agent/config-mistakes.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";

/** The mistakes of a file with these bytes: line, column and message. */
async function mistakesOf(bytes: Uint8Array): Promise<readonly string[]> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "sabrewing.yml");
  writeFileSync(file, bytes);
  try {
    loadConfig(file, {});
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

const swapped = (text: string) => Buffer.from(text, "utf16le").swap16();

describe("a file that is not UTF-8", () => {
  test.each([
    ["UTF-16 with a byte order mark", Buffer.from(`\ufeff${SMALLEST_CONFIG}`, "utf16le"), "UTF-16"],
    ["big-endian UTF-16 with a byte order mark", swapped(`\ufeff${SMALLEST_CONFIG}`), "UTF-16"],
    ["UTF-16 without one", Buffer.from(SMALLEST_CONFIG, "utf16le"), "UTF-16LE"],
    ["big-endian UTF-16 without one", swapped(SMALLEST_CONFIG), "UTF-16BE"],
    ["UTF-32", Buffer.from([0xff, 0xfe, 0, 0, 0x6d, 0, 0, 0]), "UTF-32"],
  ])("is reported as %s", async (_what, bytes, encoding) => {
    expect(await mistakesOf(bytes)).toEqual([
      `1:1 expected UTF-8, received ${encoding}: save the file as UTF-8 in the editor, or convert it: iconv -f ${encoding} -t UTF-8 FILE > NEW_FILE`,
    ]);
  });

  test("is reported at its first such character, which is not quoted", async () => {
    const start = Buffer.from('mqtt: {host: broker}\nmodel: {path: "/\u00e4\ufffd/gr');
    const [mistake = "", ...others] = await mistakesOf(
      Buffer.concat([start, Buffer.from([0xfc]), Buffer.from('n"}\n')]),
    );
    expect(others).toEqual([]);
    expect(mistake).toMatch(
      /^2:22 expected UTF-8, received a character in another encoding, probably Latin-1/,
    );
    expect(mistake).not.toMatch(/[\u0080-\uffff]/);
  });

  test("with a byte order mark is fine in UTF-8", async () => {
    expect(await mistakesOf(Buffer.from(`\ufeff${SMALLEST_CONFIG}`))).toEqual([]);
  });
});

describe("invisible characters", () => {
  const NBSP = "\u00a0";

  test.each([
    [
      "in the indentation",
      SMALLEST_CONFIG.replace("    ffmpeg", `${NBSP} ${NBSP} ffmpeg`),
      "5:1 : a non-breaking space (U+00A0), which YAML does not read as a space: indent with spaces",
    ],
    [
      "after a colon",
      SMALLEST_CONFIG.replace("cameras:\n", `cameras:${NBSP}\n`),
      "3:9 : a non-breaking space",
    ],
    ["after a value", SMALLEST_CONFIG.replace("broker", `broker${NBSP}`), "1:20 : a non-breaking space"],
    [
      "without a width",
      SMALLEST_CONFIG.replace("model", "\u200bmodel"),
      "2:1 : an invisible character (U+200B)",
    ],
  ])("are reported at their place %s", (_where, text, problem) => {
    expect(configMistakes(text)).toEqual([expect.stringContaining(problem)]);
  });

  test("are allowed in quotes and comments", () => {
    const text = `${SMALLEST_CONFIG}    objects: {track: ["teddy${NBSP}bear", 'it''s${NBSP}']} # a${NBSP}comment\n#${NBSP}\n`;
    expect(configMistakes(text)).toEqual([]);
  });

  test("are reported if they are control characters, wherever they stand", () => {
    expect(configMistakes(SMALLEST_CONFIG.replace("stream2", "stream\u00072"))).toEqual([
      "5:53 : not valid YAML: delete the control character U+0007",
    ]);
  });
});

test("tabs in the indentation are reported", () => {
  const [mistake = ""] = configMistakes(SMALLEST_CONFIG.replace("    ffmpeg", "\tffmpeg"));
  expect(mistake).toMatch(/^5:1 : not valid YAML: .*[Tt]abs/);
});
