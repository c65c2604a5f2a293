import { createConnection } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Command } from "commander";
import { ConfigError, TransientError } from "../../base/errors.ts";
import { plainJson, printed } from "../../base/plain-text.ts";
import { type Report, ReportSchema } from "../../health/report.ts";
import { REPORT_SOCKET } from "../../health/serve-report.ts";
import { stateDirectories } from "../shared/state-directories.ts";
import { statusTable } from "./status-table.ts";

const EXAMPLES = `
Examples:
  sudo sabrewing status               watch the service on this machine; Ctrl-C ends it
  sabrewing status --once             print the status once, for example in a script
  sabrewing status --json             print a JSON line every second
  sabrewing status -c sabrewing.yml   show the agent that runs with this configuration

The command connects to a socket in the agent's state directory, so it works without the broker. Only root and the user
that the agent runs as may connect.`;

interface StatusOptions {
  readonly config?: string;
  readonly stateDir?: string;
  readonly once: boolean;
  readonly json: boolean;
}

/** `sabrewing status`: shows the state of the running agent. */
export function statusCommand(): Command {
  return new Command("status")
    .description("shows cameras, objects in view, detector, broker and latest events of the running agent")
    .option("-c, --config <file>", "configuration file of the agent (default: as for `sabrewing run`)")
    .option("--state-dir <folder>", "the agent's state directory (default: as configured)")
    .option("--once", "print the status once instead of every second", false)
    .option("--json", "print JSON lines", false)
    .addHelpText("after", EXAMPLES)
    .action(async (options: StatusOptions) => {
      const { stdout } = process;
      const isLive = !options.once && !options.json && stdout.isTTY === true;
      const folders =
        options.stateDir === undefined ? stateDirectories(options.config, process.env) : [options.stateDir];
      const sockets = folders.map((folder) => join(folder, REPORT_SOCKET));
      for await (const report of reports(sockets)) {
        if (options.json) {
          stdout.write(printed(plainJson(report)));
        } else {
          const style = {
            colour: stdout.isTTY === true && process.env.NO_COLOR === undefined,
            nowMs: Date.now(),
          };
          stdout.write(`${isLive ? CLEAR : ""}${statusTable(report, style)}\n`);
        }
        if (options.once) return;
      }
    });
}

/** Moves the cursor home and clears everything below it; clearing first would flicker (ECMA-48, CUP and ED). */
const CLEAR = "\u001b[H\u001b[J";

/**
 * Reports of the first agent that answers, until it stops or the signal is aborted.
 * @throws TransientError if no agent runs or the agent stops, ConfigError if this user may not connect.
 */
export async function* reports(
  sockets: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<Report, void> {
  const socket = await firstThatAnswers(sockets);
  const disconnect = () => void socket.destroy();
  signal?.addEventListener("abort", disconnect, { once: true });
  try {
    for await (const line of createInterface({ input: socket })) yield ReportSchema.parse(JSON.parse(line));
  } finally {
    signal?.removeEventListener("abort", disconnect);
    socket.destroy();
  }
  if (signal?.aborted !== true)
    throw new TransientError("the agent has stopped", "Read its log: journalctl -u sabrewing");
}

async function firstThatAnswers(paths: readonly string[]) {
  for (const path of paths) {
    const socket = createConnection(path);
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      socket.once("connect", () => resolve(undefined));
      socket.once("error", resolve);
    });
    if (failure === undefined) {
      // An error ends the connection and with it the lines.
      socket.on("error", () => {});
      return socket;
    }
    if (failure.code === "EACCES" || failure.code === "EPERM") {
      throw new ConfigError(
        `this user may not connect to the agent (${path})`,
        "Run the command as root or as the agent's user: sudo sabrewing status",
        { cause: failure },
      );
    }
  }
  throw new TransientError(
    `no running agent found: no answer on ${paths.join(" or ")}`,
    "Start the agent (systemctl start sabrewing), or name its configuration with --config or its folder with --state-dir.",
  );
}
