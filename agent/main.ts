#!/usr/bin/env -S node --max-semi-space-size=2
// V8 would take 16 MB and more for young objects: with 2 the daemon stays 20 MB smaller (npm run test:long).
import { Command, CommanderError } from "commander";
import { EXIT } from "./base/errors.ts";
import { checkCommand } from "./commands/check.ts";
import { compileCommand } from "./commands/compile.ts";
import { detectCommand } from "./commands/detect.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { pullCommand } from "./commands/pull.ts";
import { replayCommand } from "./commands/replay.ts";
import { runCommand } from "./commands/run.ts";
import { explainError } from "./explain-error.ts";
import { readVersion } from "./version.ts";

/** The command line: one command per file, an exit code for every way to end. */
async function main(words: readonly string[]): Promise<number> {
  const program = new Command("sabrewing")
    .description(
      "Watches RTSP cameras with a detector compiled to WebAssembly and publishes only events over MQTT.",
    )
    .version(readVersion())
    .showHelpAfterError("(sabrewing --help tells what there is)");
  for (const command of [
    runCommand(),
    checkCommand(),
    detectCommand(),
    replayCommand(),
    compileCommand(),
    inspectCommand(),
    pullCommand(),
  ]) {
    program.addCommand(command);
  }
  for (const command of [program, ...program.commands]) command.exitOverride();

  try {
    await program.parseAsync(words, { from: "user" });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Commander has printed help, version or complaint already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { text, exitCode } = explainError(error);
    process.stderr.write(text);
    return exitCode;
  }
}

// A promise nobody waited for has failed, or an event handler has thrown: the state is unknown, so only a restart helps.
for (const surprise of ["unhandledRejection", "uncaughtException"] as const) {
  process.on(surprise, (error: unknown) => {
    process.stderr.write(explainError(error).text);
    process.exit(EXIT.bug);
  });
}

// Whoever read along has what they wanted (`sabrewing pull | head`): no bug, and nobody to tell more.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));
