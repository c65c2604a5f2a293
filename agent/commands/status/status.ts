import { createConnection } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Command } from "commander";
import { ConfigError, TransientError } from "../../base/errors.ts";
import { plainJson, printed } from "../../base/plain-text.ts";
import { type Report, ReportSchema } from "../../health/report.ts";
import { REPORT_SOCKET } from "../../health/serve-report.ts";
import { stateDirectories } from "../shared/state-directories.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";
import { statusTable } from "./status-table.ts";

const EXAMPLES = `
Examples:
  sudo sabrewing status               the service on this machine, live; Ctrl-C ends it
  sabrewing status --once             once, for a glance or a script
  sabrewing status --json             a JSON line every second
  sabrewing status -c sabrewing.yml   the agent that runs with this configuration

It asks the agent itself, over a socket in its state directory, so that it works while the broker is away. Only the user
that the agent runs as, and root, may ask.`;

interface StatusOptions {
  readonly config?: string;
  readonly stateDir?: string;
  readonly once: boolean;
  readonly json: boolean;
}

/** `sabrewing status`: what the running agent is doing. */
export function statusCommand(): Command {
  return new Command("status")
    .description("what the running agent is doing: cameras, objects in view, detector, broker, latest events")
    .option("-c, --config <file>", "configuration of the agent (default: as for run)")
    .option("--state-dir <folder>", "the agent's state directory (default: what its configuration says)")
    .option("--once", "tell it once instead of every second", false)
    .option("--json", "a JSON line each time", false)
    .addHelpText("after", EXAMPLES)
    .action(async (options: StatusOptions) => {
      using interrupted = untilInterrupted();
      const { stdout } = process;
      const isLive = !options.once && !options.json && stdout.isTTY === true;
      const folders =
        options.stateDir === undefined ? stateDirectories(options.config, process.env) : [options.stateDir];
      const sockets = folders.map((folder) => join(folder, REPORT_SOCKET));
      for await (const report of reports(sockets, interrupted.signal)) {
        if (options.json) {
          stdout.write(printed(plainJson(report)));
        } else {
          const look = {
            colour: stdout.isTTY === true && process.env.NO_COLOR === undefined,
            nowMs: Date.now(),
          };
          stdout.write(`${isLive ? CLEAR : ""}${statusTable(report, look)}\n`);
        }
        if (options.once) return;
      }
    });
}

/** Cursor home, then clear what is below: no flicker, as a full clear would cause (ECMA-48, CUP and ED). */
const CLEAR = "\u001b[H\u001b[J";

/**
 * What the first agent that answers tells, until it stops or the signal is aborted.
 * @throws TransientError when none runs or it stops, ConfigError when it may not be asked.
 */
export async function* reports(
  sockets: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Report, void> {
  const socket = await firstThatAnswers(sockets);
  const hangUp = () => void socket.destroy();
  signal.addEventListener("abort", hangUp, { once: true });
  try {
    for await (const line of createInterface({ input: socket })) yield ReportSchema.parse(JSON.parse(line));
  } finally {
    signal.removeEventListener("abort", hangUp);
    socket.destroy();
  }
  if (!signal.aborted)
    throw new TransientError("the agent has stopped", "Look into its log: journalctl -u sabrewing");
}

async function firstThatAnswers(paths: readonly string[]) {
  for (const path of paths) {
    const socket = createConnection(path);
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      socket.once("connect", () => resolve(undefined));
      socket.once("error", resolve);
    });
    if (failure === undefined) {
      // Whatever ends the connection ends the lines as well.
      socket.on("error", () => {});
      return socket;
    }
    if (failure.code === "EACCES" || failure.code === "EPERM") {
      throw new ConfigError(
        `this user may not ask the agent (${path})`,
        "Ask as root or as the user that the agent runs as: sudo sabrewing status",
        { cause: failure },
      );
    }
  }
  throw new TransientError(
    `no agent runs here: nobody answers on ${paths.join(" nor on ")}`,
    "Start it (systemctl start sabrewing), or name its configuration with --config or its folder with --state-dir.",
  );
}
