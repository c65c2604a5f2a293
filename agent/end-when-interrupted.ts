import { isStreamAddress } from "./base/address.ts";
import { EXIT } from "./base/errors.ts";

/** Ctrl-C, and `kill` or a service manager. */
export const INTERRUPTIONS = ["SIGINT", "SIGTERM"] as const;

/** Shows the cursor that a prompt or a progress bar hides (DECTCEM). */
const SHOW_CURSOR = "\u001b[?25h";

/**
 * Whether a command runs until it is interrupted, so that Ctrl-C is its normal end. Any other command owes an answer.
 * @param words the command line
 */
export function isLive([command, ...words]: readonly string[]): boolean {
  switch (command) {
    case "run":
      return true;
    case "status":
      return !words.includes("--once");
    case "replay":
      return words.some(isStreamAddress);
    default:
      return false;
  }
}

/**
 * Ends the process when it is interrupted: with 0 if the command is live, otherwise with 1. A command that has its own
 * listeners (see `untilInterrupted`) cleans up and ends by itself.
 *
 * While Node itself starts, an interruption ends the process by the signal (130 in a shell). This takes 35 of the 40 ms of CPU
 * time until this function is called. A launcher cannot prevent it: Node gives signals that it inherits as ignored their
 * default action, and a launcher that stays to translate the exit code would be one more process beside a daemon, with a
 * process ID that callers would signal in its place. Nothing is lost: no file is open yet.
 * @returns aborted when the process was interrupted
 */
export function endWhenInterrupted(words: readonly string[]): AbortSignal {
  const interrupted = new AbortController();
  for (const name of INTERRUPTIONS) {
    process.on(name, () => {
      interrupted.abort();
      process.exitCode = isLive(words) ? EXIT.ok : EXIT.interrupted;
      if (process.listenerCount(name) === 1) process.exit();
    });
  }
  process.on("exit", () => {
    const terminal = [process.stdout, process.stderr].find(({ isTTY }) => isTTY);
    if (interrupted.signal.aborted) terminal?.write(SHOW_CURSOR);
  });
  return interrupted.signal;
}
