import { Command } from "commander";
import { systemClock } from "../base/clock.ts";
import { journalDestination } from "../base/journal.ts";
import { openLog } from "../base/log.ts";
import { createSignal } from "../base/signal.ts";
import { loadConfig } from "../config/load.ts";
import { serviceManager } from "../health/systemd.ts";
import { run } from "../run.ts";
import { stateDirectory } from "../state/directory.ts";
import { readVersion } from "../version.ts";

/** Ends by itself well before this; systemd and Docker would wait longer, people who press Ctrl-C would not. */
const STOP_WITHIN_MS = 4_500;
/** The log is written by threads, too. */
const FLUSH_WITHIN_MS = 400;

/** `sabrewing run`: the daemon, until SIGTERM or SIGINT. SIGHUP makes it look at the model's file. */
export function runCommand(): Command {
  return new Command("run")
    .description(
      "the daemon: watch the cameras of the configuration and publish events, until SIGTERM or Ctrl-C",
    )
    .option(
      "-c, --config <file>",
      "configuration (default: /etc/sabrewing/sabrewing.yml, then ./sabrewing.yml)",
    )
    .action(async (options: { readonly config?: string }) => {
      const { config, file } = loadConfig(options.config, process.env);
      const log = openLog("info", journalDestination(process.env));
      const version = readVersion();
      log.info({ version, config: file }, "starting");

      const stopping = new AbortController();
      const stop = (signal: NodeJS.Signals) => {
        if (stopping.signal.aborted) return;
        log.info({ signal }, "stopping");
        stopping.abort();
        const insist = setTimeout(() => {
          log.error(`not stopped within ${STOP_WITHIN_MS / 1000} s: leaving as it is`);
          // process.exit would wait for a thread that hangs in a system call, for example on a dead network disk.
          const leave = () => process.kill(process.pid, "SIGKILL");
          log.flush(leave);
          setTimeout(leave, FLUSH_WITHIN_MS);
        }, STOP_WITHIN_MS);
        insist.unref();
      };
      process.on("SIGTERM", stop);
      process.on("SIGINT", stop);
      const reload = createSignal();
      process.on("SIGHUP", reload.raise);

      await run(config, {
        clock: systemClock,
        log,
        random: Math.random,
        version,
        stateDirectory: stateDirectory(config.state_dir, process.env),
        signal: stopping.signal,
        manager: serviceManager(process.env, log),
        reload,
      });
      log.info("stopped");
    });
}
