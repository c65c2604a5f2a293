/** Texts and names use the words of the glossary in CONTRIBUTING.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BANNED_NAMES, BANNED_PHRASES } from "../support/wording/banned-wording.ts";
import { findPhrases } from "../support/wording/find-phrases.ts";
import { ROOT, textFiles } from "../support/wording/project-files.ts";

/** They contain the banned words on purpose. */
const WORD_LISTS = ["tests/support/wording/banned-wording.ts", "tests/unit/wording.test.ts"];
const files = textFiles();

describe("the search for banned phrases", () => {
  const find = (text: string) => findPhrases(text, BANNED_PHRASES);

  test.each([
    ["a comment", "// Whoever reads\n", 1],
    ["the next line of a comment", "/**\n * It tries in\n * vain.\n */", 2],
    ["a string in pieces", 'const text =\n  "the camera is told " +\n  "of it";', 2],
    ["a string", 'log.warn("somebody is at the door");', 1],
    ["an identifier", "const steadyStore = 1;", 1],
    ["a paragraph", "The camera\nis no\nmore.", 2],
    ["a list of shell comments", "# what there\n#   is\n", 1],
  ])("looks into %s", (_, text, line) => {
    const found = find(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${line}: `));
  });

  test("accepts plain sentences", () => {
    expect(find("It is no more than a byte. Sorted by number of frames. designed.\ntotally")).toEqual([]);
  });
});

test("covers documents, configuration, sources, scripts and tests", () => {
  const some = ["README.md", "config/sabrewing.yml", "agent/run.ts", "scripts/demo", "docker/compose.yml"];
  expect(some.filter((path) => !files.includes(path))).toEqual([]);
});

test("no text contains a banned phrase", () => {
  const found = files
    .filter((path) => !WORD_LISTS.includes(path))
    .flatMap((path) =>
      findPhrases(readFileSync(join(ROOT, path), "utf8"), BANNED_PHRASES).map((hit) => `${path}:${hit}`),
    );
  expect(found).toEqual([]);
});

test("no file or folder has a banned name", () => {
  const isBanned = (part: string) =>
    Object.keys(BANNED_NAMES).some((name) => `-${part.replace(/\..*$/, "")}-`.includes(`-${name}-`));
  expect(isBanned("steady-store.test.ts")).toBe(true);
  expect(isBanned("newsletter.ts")).toBe(false);
  expect(files.filter((path) => path.split("/").some(isBanned))).toEqual([]);
});

test("tests use one verb: `test`", () => {
  const tests = files.filter((path) => path.endsWith(".test.ts"));
  const uses = (path: string) =>
    /^\s*it(\.\w+)*\(|import \{[^}]*\bit\b[^}]*\} from "vitest"/m.test(
      readFileSync(join(ROOT, path), "utf8"),
    );
  expect(tests.length).toBeGreaterThan(100);
  expect(tests.filter(uses)).toEqual([]);
});
