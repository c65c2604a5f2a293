import { existsSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { CommanderError } from "commander";
import { withoutCredentials } from "./base/address.ts";
import { EXIT } from "./base/errors.ts";
import { printed } from "./base/plain-text.ts";
import { isLive } from "./end-when-interrupted.ts";
import { explainError, withCleanWords } from "./explain-error.ts";
import { loadProgram, seeHelp } from "./program.ts";

/**
 * Runs the command of a command line.
 * @param interrupted aborted when the process was interrupted
 * @returns the exit code
 */
export async function runCommandLine(words: readonly string[], interrupted: AbortSignal): Promise<number> {
  const program = await loadProgram(words[0]);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      outputError(text, write) {
        const explained = withFileHint(withoutCredentials(text).trimEnd(), words);
        write(printed(withCleanWords(explained, words)));
      },
    });
  }
  try {
    // An interruption that came while the program was loaded ends the process here.
    await setImmediate();
    await program.parseAsync(words, { from: "user" });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Commander has already printed the help, the version or the error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return report(error, words, interrupted);
  }
}

/** Tells how to name a file that begins like an option, where an unknown option may be one. */
function withFileHint(text: string, words: readonly string[]): string {
  const file = words.find(
    (word) => word.startsWith("-") && text.includes(`unknown option '${word}'`) && isLikeFile(word),
  );
  if (file === undefined) return text;
  return text.replace(`unknown option '${file}'`, (found) => `${found}\n(If it is a file, write ./${file})`);
}

function isLikeFile(word: string): boolean {
  return /\.\w{1,8}$|\//.test(word) || existsSync(word);
}

/**
 * Prints an error, unless the command was interrupted: its errors are a consequence then. Only a bug in stopping a live
 * command is still reported.
 * @returns the exit code
 */
export function report(error: unknown, words: readonly string[], interrupted: AbortSignal): number {
  const { text, exitCode } = explainError(error, `${seeHelp(words[0])}.`);
  if (interrupted.aborted && !(isLive(words) && exitCode === EXIT.bug)) return Number(process.exitCode);
  process.stderr.write(withCleanWords(text, words));
  return exitCode;
}
