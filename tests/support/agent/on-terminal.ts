import { spawn } from "node:child_process";
import { once } from "node:events";
import { MAIN } from "./sabrewing.ts";

/** What a process printed and how it ended. */
export interface TerminalEnd {
  readonly exitCode: number | null;
  /** Everything that appeared on the terminal, with its control sequences. */
  readonly text: string;
}

/** A command that runs on a pseudo terminal of its own. */
export interface TerminalCommand {
  /** Presses Ctrl-C: the terminal sends SIGINT to the command and its children, or a prompt reads the key. */
  pressCtrlC(): void;
  type(text: string): void;
  /** Sends a signal to the command only. */
  kill(signal: NodeJS.Signals): void;
  /** What has appeared so far. */
  readonly text: () => string;
  readonly ended: Promise<TerminalEnd>;
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Runs a command of the agent on a pseudo terminal (script(1), which every Debian has).
 * @param env added to this process's environment
 */
export async function sabrewingOnTerminal(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<TerminalCommand> {
  const command = [process.execPath, MAIN, ...words].map(quoted).join(" ");
  // The shell prints its process id, then becomes the command.
  const script = spawn(
    "script",
    ["-qefc", `stty cols 100 rows 40; echo "pid $$"; exec ${command}`, "/dev/null"],
    {
      env: { ...process.env, TERM: "xterm", ...env },
      stdio: "pipe",
    },
  );
  let text = "";
  const started = Promise.withResolvers<number>();
  script.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    const pid = /^pid (\d+)\r\n/.exec(text)?.[1];
    if (pid !== undefined) started.resolve(Number(pid));
  });
  script.stdin.on("error", () => {});
  const ended = once(script, "close").then(([exitCode]): TerminalEnd => ({ exitCode, text: shown() }));
  const shown = () => text.replace(/^pid \d+\r\n/, "");
  const pid = await started.promise;
  return {
    pressCtrlC: () => void script.stdin.write("\u0003"),
    type: (typed) => void script.stdin.write(typed),
    kill: (signal) => void process.kill(pid, signal),
    text: shown,
    ended,
  };
}
