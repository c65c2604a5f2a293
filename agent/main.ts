#!/usr/bin/env -S node --max-semi-space-size=2 --optimize-for-size --no-maglev
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { EXIT } from "./base/errors.ts";
// V8 would take 16 MB and more for young objects: with 2 the daemon stays 20 MB smaller (npm run test:long). The other two
// save 12 MB more, and not a detection is slower for it: hot code is optimised all the same.
import { plainLines, plainText, printed } from "./base/plain-text.ts";
import { withoutCredentials } from "./camera/address.ts";
import { explainError } from "./explain-error.ts";
import { readVersion } from "./version.ts";

/** Loaded one by one: all of them together take half a second of CPU to load, and the first detection waits for it. */
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

/** The command line: one command per file, an exit code for every way to end. */
async function main(words: readonly string[]): Promise<number> {
  const program = new Command("sabrewing")
    .description(
      "Watches RTSP cameras with a detector compiled to WebAssembly and publishes only events over MQTT.",
    )
    .version(readVersion())
    .showHelpAfterError("(sabrewing --help tells what there is)");
  const wanted = COMMANDS.get(words[0] ?? "");
  // Whoever names none of them wants help, and that lists them all.
  for (const load of wanted === undefined ? COMMANDS.values() : [wanted]) program.addCommand(await load());
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      outputError: (text, write) => write(printed(withPlainWords(withoutCredentials(text).trimEnd(), words))),
    });
  }

  try {
    await program.parseAsync(words, { from: "user" });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Commander has printed help, version or complaint already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { text, exitCode } = explainError(error);
    process.stderr.write(withPlainWords(text, words));
    return exitCode;
  }
}

/** Characters of a word that are shown. */
const LONGEST_WORD = 1000;

/** A message that quotes words of the command line as one line each: a file's name may hold line breaks. */
function withPlainWords(text: string, words: readonly string[]): string {
  const odd = words.filter((word) => /\p{Cc}/u.test(word));
  return odd.reduce((shown, word) => {
    return [word, plainLines(word)].reduce((all, quoted) => {
      return all.replaceAll(quoted, () => plainText(word, LONGEST_WORD));
    }, shown);
  }, text);
}

// A promise nobody waited for has failed, or an event handler has thrown: the state is unknown, so only a restart helps.
for (const surprise of ["unhandledRejection", "uncaughtException"] as const) {
  process.on(surprise, (error: unknown) => {
    process.stderr.write(explainError(error).text);
    process.exit(EXIT.bug);
  });
}

// The JavaScript that V8 has compiled is kept between runs; where the folder cannot be written, it is not. In a folder of
// the user's own: whoever could write there could make this program run anything.
enableCompileCache(
  join(process.env.SABREWING_HOME || join(homedir(), ".cache", "sabrewing"), "compiled-javascript"),
);

// Whoever read along has what they wanted (`sabrewing pull | head`): no bug, and nobody to tell more.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));
