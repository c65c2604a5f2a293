import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { loadProgram } from "../../../agent/program.ts";
import { bashCompletion } from "../../../scripts/command-files/bash-completion.ts";
import { describeProgram } from "../../../scripts/command-files/describe-program.ts";
import { fishCompletion } from "../../../scripts/command-files/fish-completion.ts";
import { manPage } from "../../../scripts/command-files/man-page.ts";
import { zshCompletion } from "../../../scripts/command-files/zsh-completion.ts";

const program = await loadProgram();
const described = describeProgram(program);
const page = manPage(described);
const flags = program.commands.flatMap((command) =>
  command.options.flatMap(({ short, long }) =>
    [short, long].flatMap((flag) => (flag === undefined ? [] : [{ command: command.name(), flag }])),
  ),
);

/** The lines of a generated file from the one that begins a command to the one that begins the next. */
function partOf(text: string, begin: (command: string) => string, command: string): string {
  const names = described.commands.map(({ name }) => name);
  const next = names[names.indexOf(command) + 1];
  const from = text.indexOf(begin(command));
  return text.slice(from, next === undefined ? undefined : text.indexOf(begin(next)));
}

describe.each(flags)("the option $flag of $command", ({ command, flag }) => {
  test("is in the man page and completed by all shells", () => {
    const inPage = partOf(page, (name) => `.SS "sabrewing ${name}`, command);
    expect(inPage).toContain(`\\fB${flag.replaceAll("-", "\\-")}\\fR`);
    const inBash = partOf(bashCompletion(described), (name) => `\n      ${name})\n`, command);
    expect(/options="([^"]*)"/.exec(inBash)?.[1]?.split(" ")).toContain(flag);
    const inZsh = partOf(zshCompletion(described), (name) => `\n        ${name}) _arguments`, command);
    expect(inZsh).toMatch(new RegExp(`[{,' )*]${flag}[},'[]`));
    const inFish = fishCompletion(described)
      .split("\n")
      .filter((line) => line.includes(`__fish_seen_subcommand_from ${command}'`));
    const name = flag.startsWith("--") ? `-l ${flag.slice(2)} ` : `-s ${flag.slice(1)} `;
    expect(inFish.join("\n")).toContain(name);
  });
});

test("the man page shows usage, examples, signals and exit codes", () => {
  for (const { usage } of described.commands) expect(page).toContain(usage.replaceAll("-", "\\-"));
  expect(page).toContain("sabrewing detect holiday.jpg");
  expect(page).toMatch(/^\.SH "SIGNALS"$/m);
  for (const code of [0, 1, 64, 70, 75, 78]) expect(page).toContain(`.TP\n\\fB${code}\\fR\n`);
});

const hasGroff = spawnSync("groff", ["--version"]).status === 0;

test.skipIf(!hasGroff)("groff formats the man page without warnings", () => {
  const words = ["-man", "-ww", "-Kutf8", "-Tutf8", "-rLL=100n"];
  const { stdout, stderr } = spawnSync("groff", words, { input: page, encoding: "utf8" });
  // A long example is not broken.
  expect(stderr.split("\n").filter((line) => line !== "" && !line.includes("can't break line"))).toEqual([]);
  expect(stdout).toContain("watches RTSP cameras");
});

test("a value without a known kind of completion is refused", () => {
  const [run] = program.commands;
  const other = run?.createCommand("other").option("--shape <outline>", "a new kind of value");
  expect(() => describeProgram(other ?? program)).toThrow(/<outline>: add it to KINDS/);
});
