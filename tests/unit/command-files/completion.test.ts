import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadProgram } from "../../../agent/program.ts";
import { bashCompletion } from "../../../scripts/command-files/bash-completion.ts";
import { describeProgram } from "../../../scripts/command-files/describe-program.ts";
import { fishCompletion } from "../../../scripts/command-files/fish-completion.ts";
import { zshCompletion } from "../../../scripts/command-files/zsh-completion.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";
import { waitUntil } from "../../support/time/wait-until.ts";

const program = describeProgram(await loadProgram());
const isInstalled = (shell: string) => spawnSync(shell, ["--version"]).status === 0;

const CONFIG = `mqtt: {host: broker}
# cameras: not these
cameras:
  front-door:
    ffmpeg: {inputs: [{path: "rtsp://camera/1"}]}
    objects:
      track: [person]
  yard:
    zones:
      porch: {coordinates: "0,0,1,0,1,1"}
view: {enabled: false}
`;

/** A folder with files to complete, and the completion scripts. */
async function withFiles() {
  const folder = await temporaryFolder();
  const { path } = folder;
  writeFileSync(join(path, "sabrewing.yml"), CONFIG);
  writeFileSync(join(path, "my clip.mp4"), "");
  mkdirSync(join(path, "photos"));
  writeFileSync(join(path, "completion.bash"), bashCompletion(program));
  writeFileSync(join(path, "_sabrewing"), zshCompletion(program));
  writeFileSync(join(path, "sabrewing.fish"), fishCompletion(program));
  return folder;
}

/** The words to complete; the last one is incomplete. What each must offer, and what not. */
const CASES = [
  { words: ["sabrewing", "c"], offers: ["check", "compile"], not: ["run"] },
  { words: ["sabrewing", "help", "ch"], offers: ["check"] },
  { words: ["sabrewing", "check", "--"], offers: ["--config", "--json", "--help"], not: ["--track"] },
  { words: ["sabrewing", "compile", "--precision", ""], offers: ["f32", "i16", "i8"] },
  { words: ["sabrewing", "pull", ""], offers: ["yolov5n", "mobilenet"] },
  { words: ["sabrewing", "run", "-c", "sab"], offers: ["sabrewing.yml"] },
  { words: ["sabrewing", "replay", "my"], offers: ["my clip.mp4"] },
  { words: ["sabrewing", "replay", "--save", "ph"], offers: ["photos"] },
  {
    words: ["sabrewing", "replay", "x.mp4", "-c", "sabrewing.yml", "--camera", ""],
    offers: ["front-door", "yard"],
    not: ["porch", "view"],
  },
] as const;

describe.skipIf(!isInstalled("bash"))("bash completes", () => {
  const inBash = (folder: string, words: readonly string[]) => {
    const script = `source ./completion.bash
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sabrewing
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script, "bash", ...words], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    return stdout.split("\n").filter((line) => line !== "");
  };

  test.each(CASES)("$words", async ({ words, offers, ...others }) => {
    await using folder = await withFiles();
    const offered = inBash(folder.path, words);
    expect(offered).toEqual(expect.arrayContaining([...offers]));
    for (const word of "not" in others ? others.not : []) expect(offered).not.toContain(word);
  });

  test("the value behind --option=", async () => {
    await using folder = await withFiles();
    expect(inBash(folder.path, ["sabrewing", "detect", "--runtime", "=", "w"])).toEqual(["wasmer"]);
    expect(inBash(folder.path, ["sabrewing", "detect", "--runtime", "="])).toEqual(["wasmer", "v8"]);
  });

  test("a command and a file name with a space when a person presses Tab", async () => {
    await using folder = await withFiles();
    const shell = spawn("script", ["-qec", "bash --norc --noprofile -i", "/dev/null"], {
      cwd: folder.path,
      env: { ...process.env, TERM: "dumb", PS1: "ready> " },
    });
    let text = "";
    shell.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    try {
      shell.stdin.write("stty cols 200; source ./completion.bash; sabrewing() { printf '<%s>' \"$@\"; }\n");
      shell.stdin.write("sabrewing repl\tmy\t\n");
      await waitUntil("the completed line is run", () => text.includes("<replay><my clip.mp4>"));
    } finally {
      shell.kill();
    }
  });
});

describe.skipIf(!isInstalled("zsh"))("zsh completes", () => {
  test("commands, when a person presses Tab", async () => {
    await using folder = await withFiles();
    const shell = spawn("script", ["-qec", "zsh -f -i", "/dev/null"], {
      cwd: folder.path,
      env: { ...process.env, TERM: "dumb" },
    });
    let text = "";
    shell.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    try {
      shell.stdin.write("stty cols 200; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D\n");
      shell.stdin.write("sabrewing() { printf '<%s>' $@ }\n");
      shell.stdin.write("sabrewing repl\t--camera y\t-c sabrewing.y\tmy\t\n");
      await waitUntil("the completed line is run", () =>
        text.includes("<replay><--camera><yard><-c><sabrewing.yml><my clip.mp4>"),
      );
    } finally {
      shell.kill();
    }
  });
});

describe.skipIf(!isInstalled("fish"))("fish completes", () => {
  test.each(CASES.filter(({ words }) => words[1] !== "help"))("$words", async ({ words, offers }) => {
    await using folder = await withFiles();
    const line = words.map((word) => word.replaceAll(" ", "\\ ")).join(" ");
    const script = `source ./sabrewing.fish; complete -C '${line}'`;
    const { stdout } = spawnSync("fish", ["--no-config", "-c", script], {
      cwd: folder.path,
      encoding: "utf8",
    });
    const offered = stdout.split("\n").map((row) => row.split("\t")[0]?.replace(/\/$/, ""));
    expect(offered).toEqual(expect.arrayContaining([...offers]));
  });
});
