/** Lists and limits that documents and help texts repeat are those of the code. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { END_REASONS } from "../../agent/events/event.ts";
import { MAX_SIDE, MODEL_FILE_TYPES } from "../../detectors/detector.ts";
import { DOCUMENTS, ROOT, textFiles } from "../support/wording/project-files.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const documents = DOCUMENTS.map((path) => ({ path, text: read(path) }));
const asOneLine = (text: string) => text.replaceAll(/\s+/g, " ");

/** Output of `--help` by command; "" is the program's own. */
const help = new Map<string, string>();

beforeAll(async () => {
  help.set("", await helpOf());
  const commands = [...(help.get("") ?? "").matchAll(/^ {2}([a-z]+) .*$/gm)].map(([, name = ""]) => name);
  const named = commands.filter((name) => name !== "help");
  const texts = await Promise.all(named.map(async (name) => [name, await helpOf(name)] as const));
  for (const [name, text] of texts) help.set(name, text);
}, 120_000);

describe("the reasons in `end` events", () => {
  // `gone` comes first in every list of reasons: `gone`, `silence` or `crash`.
  const lists = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/`gone`(?:,?\s+(?:(?:and|or)\s+)?`\w+`)+/g)].map(([list]) => ({
      path,
      reasons: [...list.matchAll(/`(\w+)`/g)].map(([, reason = ""]) => reason),
    })),
  );

  test("are listed in the README", () => {
    expect(lists.map(({ path }) => path)).toContain("README.md");
  });

  test("are complete and in order wherever they are listed", () => {
    for (const list of lists) expect(list).toEqual({ path: list.path, reasons: [...END_REASONS] });
  });

  test("exist wherever one is named", () => {
    const known: readonly string[] = END_REASONS;
    const named = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\breason"?:? "(\w+)"/g)].map(([, reason = ""]) => ({ path, reason })),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(({ reason }) => !known.includes(reason))).toEqual([]);
  });
});

describe("the size of a module's input", () => {
  const range = `multiples of 32 up to ${MAX_SIDE}`;

  test("has its limits in the detectors' tour", () => {
    expect(asOneLine(read("detectors/README.md")).match(/multiples of 32[^.]*/)?.[0]).toBe(range);
  });

  test("has its limits in the help of each command with --size", () => {
    const withSize = [...help].filter(([, text]) => /^ +--size /m.test(text));
    expect(withSize.map(([command]) => command).sort()).toEqual(["compile", "pull"]);
    for (const [, text] of withSize) expect(asOneLine(text)).toContain(range);
  });

  test("has the same limit in every text", () => {
    const found = textFiles().flatMap((path) =>
      [...asOneLine(read(path)).matchAll(/multiples of \d+ (?:\* )?up to (\d+)/g)].map(([, limit]) => ({
        path,
        limit,
      })),
    );
    expect(found.filter(({ limit }) => limit !== String(MAX_SIDE))).toEqual([]);
  });
});

describe("the model files that compile reads", () => {
  const types = [...MODEL_FILE_TYPES.matchAll(/\(([^)]+)\)/g)].map(([, type = ""]) => type);
  const missing = (text: string) => types.filter((type) => !text.includes(type));
  const namesTwo = (text: string) => /\.pt\b/.test(text) && /\.onnx\b/.test(text);

  test("are four types", () => {
    expect(types).toEqual([".pt", ".onnx", ".tflite", "model.json"]);
  });

  test("are named in the help of compile", () => {
    expect(asOneLine(help.get("compile") ?? "")).toContain(MODEL_FILE_TYPES);
  });

  test("are named in the README and in the detectors' tour", () => {
    for (const path of ["README.md", "detectors/README.md"]) expect(missing(read(path))).toEqual([]);
  });

  test("are all named in each paragraph and table row that names two of them", () => {
    const paragraphs = documents.flatMap(({ path, text }) =>
      text.split(/\n\s*\n|\n(?=\|)/).map((paragraph) => ({ path, paragraph })),
    );
    expect(
      paragraphs.filter(({ paragraph }) => namesTwo(paragraph) && missing(paragraph).length > 0),
    ).toEqual([]);
  });

  test("are all named in each comment and message that names two of them", () => {
    const sources = textFiles().filter((path) =>
      /^(agent|detectors|scripts\/demonstration)\/.*\.ts$/.test(path),
    );
    const found = sources.flatMap((path) => {
      const lines = read(path).split("\n");
      return lines
        .map((line, index) => ({
          at: `${path}:${index + 1}`,
          line,
          around: lines.slice(index, index + 2).join(" "),
        }))
        .filter(({ line, around }) => namesTwo(line) && missing(around).length > 0)
        .map(({ at }) => at);
    });
    expect(found).toEqual([]);
  });
});

test("the README lists every command", () => {
  const commands = [...help.keys()].filter((command) => command !== "");
  expect(commands.length).toBeGreaterThan(5);
  expect(commands.filter((command) => !read("README.md").includes(`\n| \`${command}`))).toEqual([]);
});

test("the linter refuses import circles, types included", () => {
  const { linter } = JSON.parse(read("biome.json"));
  expect(linter.rules.suspicious.noImportCycles).toEqual({
    level: "error",
    options: { ignoreTypes: false },
  });
});

async function helpOf(...command: readonly string[]): Promise<string> {
  const program = [join(ROOT, "agent/main.ts"), ...command, "--help"];
  const { stdout } = await promisify(execFile)(process.execPath, program, {
    env: { ...process.env, COLUMNS: "100" },
  });
  return stdout;
}
