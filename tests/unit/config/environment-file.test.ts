import { execFileSync } from "node:child_process";
import { accessSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readEnvironmentFile } from "../../../agent/config/environment-file.ts";
import { InvalidConfig } from "../../../agent/config/invalid-config.ts";
import { loadConfig } from "../../../agent/config/load.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";

/** Reads files with systemd's own parser, but replaces `$NAME`. It belongs to the package systemd. */
const GENERATOR = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";

const valueIn = (text: string) => readEnvironmentFile(text).variables.A;

describe("a line of the file", () => {
  test.each([
    ["A=p#ss", "p#ss"],
    ["A=a b # c", "a b # c"],
    ["  A  =   spaces  inside  \t", "spaces  inside"],
    ["A=", ""],
    ["A='p#\"s\\n$'", 'p#"s\\n$'],
    ['A="p\\"\\\\\\$\\`\\n"', 'p"\\$`\\n'],
    ['A="two\nlines"', "two\nlines"],
    ['A="joined\\\nlines"', "joinedlines"],
    ["A=joined \\\n lines", "joined  lines"],
    ["A='quoted' text", "quotedtext"],
    ["A=a'b\"c", "a'b\"c"],
    ["A=\\#\\ \\\\", "# \\"],
    ["A=end\\\\ ", "end\\"],
    ["A=kept \\\n", "kept "],
    ["# A=1\n; A=2\nA=3", "3"],
    ["A=1\nA=2", "2"],
    ["A=windows\r\nB=1\r\n", "windows"],
    ["A='no end", "no end"],
    ["B\nA=1", "1"],
    ["A=ü€😀", "ü€😀"],
  ])("%j sets %j", (text, value) => {
    expect(valueIn(text)).toBe(value);
  });

  test.each([
    ["export A=1", "remove the word export"],
    ["\ufeffA=1", "save the file without a byte order mark"],
    ["A=\u0007", "the value contains a control character"],
    ["# comment \\\nA=1", "the comment above it ends with a backslash"],
  ])("%j is ignored, with the reason", (text, reason) => {
    const { variables, ignored } = readEnvironmentFile(`B=1\n${text}\nC=2`);
    expect(variables).toMatchObject(text.startsWith("#") ? { B: "1" } : { B: "1", C: "2" });
    expect(ignored).toEqual([
      { name: "A", line: text.startsWith("#") ? 3 : 2, reason: expect.stringContaining(reason) },
    ]);
  });
});

test("a name that no variable can have is ignored, with the reason", () => {
  const { variables, ignored } = readEnvironmentFile("1A=1\nA.B=1\nÄ=1\nA_1=1");
  expect(variables).toEqual({ A_1: "1" });
  const reason = "a name contains only letters, digits and _, and does not start with a digit";
  expect(ignored).toEqual([
    { name: "1A", line: 1, reason },
    { name: "A.B", line: 2, reason },
    { name: "Ä", line: 3, reason },
  ]);
});

/** The variables that systemd reads from files with these contents. */
async function readBySystemd(texts: readonly string[]): Promise<Readonly<Record<string, string>>> {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, "environment.d");
  mkdirSync(directory);
  for (const [index, text] of texts.entries()) writeFileSync(join(directory, `${1000 + index}.conf`), text);
  const env = { PATH: process.env.PATH, HOME: folder.path, XDG_CONFIG_HOME: folder.path };
  const shown = execFileSync(GENERATOR, { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const pairs = [...shown.matchAll(/^(\w+)=(.*)$/gm)];
  return Object.fromEntries(pairs.map(([, name = "", value = ""]) => [name, unescaped(value)]));
}

/** `"a\tb"`: each variable is shown in one line, in quotes if its value needs some. */
function unescaped(shown: string): string {
  const controls: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r" };
  if (!shown.startsWith('"')) return shown;
  return shown.slice(1, -1).replace(/\\(.)/g, (_, character: string) => controls[character] ?? character);
}

describe.skipIf(!isThere(GENERATOR))("systemd on this machine", () => {
  test("reads random files to the same values", async () => {
    const character = fc.constantFrom(..."ab=#; \t\n\r\\'\"");
    const texts = fc.sample(fc.string({ unit: character, maxLength: 30 }), { numRuns: 300, seed: 7 });
    const files = texts.map((text, index) => `V${index}=${text}`);
    const expected = await readBySystemd(files);
    for (const [index, file] of files.entries()) {
      const name = `V${index}`;
      const { variables, ignored } = readEnvironmentFile(file);
      // The service manager, but not this parser, drops values with control characters.
      // This parser removes a variable without a value; the service manager sets it to the empty text.
      if (ignored.some((assignment) => assignment.name === name) || variables[name] === "") continue;
      expect([file, variables[name]]).toEqual([file, expected[name]]);
    }
  });
});

function isThere(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}

test("an unset variable says which line of secrets.env systemd ignores", async () => {
  await using folder = await temporaryFolder();
  const config = join(folder.path, "sabrewing.yml");
  const secrets = join(folder.path, "secrets.env");
  writeFileSync(
    config,
    'mqtt: {host: b, user: u, password: "{PW}"}\nmodel: {path: m.wasm}\ncameras: {door: {ffmpeg: {inputs: [{path: "rtsp://c/1"}]}}}\n',
  );
  const problems = (bytes: string | Uint8Array | undefined) => {
    if (bytes !== undefined) writeFileSync(secrets, bytes);
    try {
      loadConfig(config, {});
    } catch (error) {
      if (error instanceof InvalidConfig) return error.problems.map(({ message }) => message);
      throw error;
    }
    return [];
  };
  const notSet = "the environment variable PW is not set";
  expect(problems(undefined)).toEqual([notSet]);
  mkdirSync(secrets);
  expect(problems(undefined)).toEqual([`${notSet} (${secrets} cannot be read (EISDIR))`]);
  rmdirSync(secrets);
  expect(problems("PW=p#ss\n")).toEqual([]);
  expect(problems("OTHER=1\n")).toEqual([notSet]);
  // A password may be empty.
  expect(problems("PW=\n")).toEqual([]);
  expect(problems("# x\nexport PW=1\n")).toEqual([
    `${notSet} (${secrets}:2 sets it, but systemd ignores that line: remove the word export)`,
  ]);
  expect(problems(Buffer.from("PW=1\n", "utf16le"))[0]).toContain(
    `${notSet} (${secrets}:1:1: expected UTF-8, received UTF-16LE`,
  );
  expect(problems(Buffer.from([0x50, 0x57, 0x3d, 0xfc]))[0]).toContain(`${secrets}:1:4: expected UTF-8`);
});
