#!/usr/bin/env -S node --max-semi-space-size=2 --optimize-for-size --no-maglev
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { withoutCredentials } from "./base/address.ts";
import { EXIT } from "./base/errors.ts";
import { printed } from "./base/plain-text.ts";
import { explainError, withCleanWords } from "./explain-error.ts";
import { readVersion } from "./version.ts";

// On the options in the first line: V8 reserves 16 MB or more for young objects; a limit of 2 MB makes the daemon 20 MB
// smaller (npm run test:long). The other two options save 12 MB more and do not slow detection: hot code is still optimised.

/** Each command is loaded on demand: loading all of them takes half a second of CPU time before the first detection. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["run", async () => (await import("./commands/run.ts")).runCommand()],
  ["check", async () => (await import("./commands/check/check.ts")).checkCommand()],
  ["init", async () => (await import("./commands/init/init.ts")).initCommand()],
  ["status", async () => (await import("./commands/status/status.ts")).statusCommand()],
  ["detect", async () => (await import("./commands/detect/detect.ts")).detectCommand()],
  ["replay", async () => (await import("./commands/replay/replay.ts")).replayCommand()],
  ["compile", async () => (await import("./commands/compile/compile.ts")).compileCommand()],
  ["inspect", async () => (await import("./commands/inspect.ts")).inspectCommand()],
  ["pull", async () => (await import("./commands/pull/pull.ts")).pullCommand()],
]);

/** The command line: one command per file or folder; the exit code tells how it ended. */
async function main(words: readonly string[]): Promise<number> {
  const program = new Command("sabrewing")
    .description(
      "Watches RTSP cameras, detects objects with a detector compiled to WebAssembly, and publishes events over MQTT.",
    )
    .version(readVersion())
    .showHelpAfterError("(run `sabrewing --help` for the commands and their options)");
  const named = COMMANDS.get(words[0] ?? "");
  // Without a known command, the help lists all of them.
  for (const load of named === undefined ? COMMANDS.values() : [named]) program.addCommand(await load());
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      outputError: (text, write) => write(printed(withCleanWords(withoutCredentials(text).trimEnd(), words))),
    });
  }

  try {
    await program.parseAsync(words, { from: "user" });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Commander has already printed the help, the version or the error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { text, exitCode } = explainError(error);
    process.stderr.write(withCleanWords(text, words));
    return exitCode;
  }
}

// An unawaited promise was rejected, or an event handler threw: the state is unknown, so only a restart helps.
for (const surprise of ["unhandledRejection", "uncaughtException"] as const) {
  process.on(surprise, (error: unknown) => {
    process.stderr.write(withCleanWords(explainError(error).text, process.argv.slice(2)));
    process.exit(EXIT.bug);
  });
}

// V8's compiled JavaScript is cached between runs, if the folder is writable. The folder belongs to the user: write access to
// it is enough to make this program run any code.
enableCompileCache(
  join(process.env.SABREWING_HOME || join(homedir(), ".cache", "sabrewing"), "compiled-javascript"),
);

// The reader closed the pipe (`sabrewing pull | head`): that is not a bug.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));
