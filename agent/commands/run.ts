import { resolve } from "node:path";
import { Command } from "commander";
import { systemClock } from "../base/clock.ts";
import { journalDestination } from "../base/journal.ts";
import { openLog } from "../base/log.ts";
import { recentLines } from "../base/recent-lines.ts";
import { createSignal } from "../base/signal.ts";
import { loadConfig } from "../config/load.ts";
import { writeShapes } from "../config/write-shapes.ts";
import { INTERRUPTIONS } from "../end-when-interrupted.ts";
import { serviceManager } from "../health/systemd.ts";
import { run } from "../run.ts";
import { stateDirectory } from "../state/directory.ts";
import { readVersion } from "../version.ts";

/** A normal stop is much faster. systemd and Docker would wait longer, a person who presses Ctrl-C would not. */
const STOP_WITHIN_MS = 4_500;
/** Threads write the log, and pino's `flush` does not wait for them. */
const WRITE_WITHIN_MS = 400;

/** `sabrewing run`: the daemon, until SIGTERM or SIGINT. SIGHUP makes it read the configuration and the model file again. */
export function runCommand(): Command {
  return new Command("run")
    .description("watches the configured cameras and publishes events over MQTT, until Ctrl-C or SIGTERM")
    .option(
      "-c, --config <file>",
      "configuration file (default: /etc/sabrewing/sabrewing.yml, else ./sabrewing.yml)",
    )
    .action(async (options: { readonly config?: string }) => {
      const reload = createSignal();
      process.on("SIGHUP", reload.raise);
      const { config, file } = loadConfig(options.config, process.env);
      const recent = recentLines();
      const onLine = config.view.enabled ? recent.add : undefined;
      const log = openLog("info", journalDestination(process.env), onLine);
      const version = readVersion();
      log.info({ version, config: file }, "starting");

      const stopping = new AbortController();
      const stop = (signal: NodeJS.Signals) => {
        if (stopping.signal.aborted) return;
        log.info({ signal }, "stopping");
        stopping.abort();
        const insist = setTimeout(() => {
          log.error(`not stopped within ${STOP_WITHIN_MS / 1000} s: killing the process`);
          // process.exit would wait for a thread that is blocked in a system call, for example on a dead network disk.
          setTimeout(() => process.kill(process.pid, "SIGKILL"), WRITE_WITHIN_MS);
        }, STOP_WITHIN_MS);
        insist.unref();
      };
      await run(config, {
        clock: systemClock,
        log,
        random: Math.random,
        version,
        configFile: resolve(file),
        stateDirectory: stateDirectory(config.state_dir, process.env),
        signal: stopping.signal,
        manager: serviceManager(process.env, log),
        reload,
        loadConfig: () => loadConfig(file, process.env).config,
        onOpen() {
          for (const name of INTERRUPTIONS) process.on(name, stop);
        },
        recentLines: recent,
        writeShapes: (camera, shapes) => writeShapes(file, process.env, camera, shapes),
      });
      log.info("stopped");
    });
}
