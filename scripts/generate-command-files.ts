/** Writes the man page and the shell completions of the program, from its options. Run by scripts/build. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Command } from "commander";
import { loadProgram } from "../agent/program.ts";
import { bashCompletion } from "./command-files/bash-completion.ts";
import { describeProgram } from "./command-files/describe-program.ts";
import { fishCompletion } from "./command-files/fish-completion.ts";
import { manPage } from "./command-files/man-page.ts";
import { zshCompletion } from "./command-files/zsh-completion.ts";

const [folder = ""] = new Command("generate-command-files")
  .description("Writes the man page and the completions for bash, zsh and fish.")
  .argument("<folder>", "output folder of scripts/build")
  .parse().args;

const program = describeProgram(await loadProgram());
const write = (name: string, content: string | Uint8Array) => {
  mkdirSync(join(folder, "shell"), { recursive: true });
  writeFileSync(join(folder, "shell", name), content);
};
// Debian wants man pages compressed, and npm takes them so.
write("sabrewing.1.gz", gzipSync(manPage(program), { level: 9 }));
write("sabrewing.bash", bashCompletion(program));
write("_sabrewing", zshCompletion(program));
write("sabrewing.fish", fishCompletion(program));
