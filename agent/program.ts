import { Command } from "commander";
import { readVersion } from "./version.ts";

/** Each command is loaded on demand: loading all of them takes half a second of CPU time before the first detection. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["run", async () => (await import("./commands/run.ts")).runCommand()],
  ["check", async () => (await import("./commands/check/check.ts")).checkCommand()],
  ["init", async () => (await import("./commands/init/init.ts")).initCommand()],
  ["status", async () => (await import("./commands/status/status.ts")).statusCommand()],
  ["detect", async () => (await import("./commands/detect/detect.ts")).detectCommand()],
  ["infer", async () => (await import("./commands/infer/infer.ts")).inferCommand()],
  ["replay", async () => (await import("./commands/replay/replay.ts")).replayCommand()],
  ["compile", async () => (await import("./commands/compile/compile.ts")).compileCommand()],
  ["inspect", async () => (await import("./commands/inspect.ts")).inspectCommand()],
  ["pull", async () => (await import("./commands/pull/pull.ts")).pullCommand()],
]);

/**
 * The command line with all its options: one command per file or folder.
 * @param only the command to load; without a known one, all are loaded
 */
export async function loadProgram(only?: string): Promise<Command> {
  const program = new Command("sabrewing")
    .description(
      "Watches RTSP cameras, detects objects with a detector compiled to WebAssembly, and publishes events over MQTT.",
    )
    .version(readVersion());
  const named = COMMANDS.get(only ?? "");
  for (const load of named === undefined ? COMMANDS.values() : [named]) program.addCommand(await load());
  for (const command of [program, ...program.commands])
    command.showHelpAfterError(`(${seeHelp(command.name())})`);
  return program;
}

/** Refers to the help of a command, or of the program if no command has this name. */
export function seeHelp(name: string | undefined): string {
  return name !== undefined && COMMANDS.has(name)
    ? `\`sabrewing ${name} --help\` explains the options`
    : "`sabrewing --help` lists the commands";
}
