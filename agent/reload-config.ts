import type { Home } from "./announce-home.ts";
import { ConfigError } from "./base/errors.ts";
import type { Log } from "./base/log.ts";
import type { Signal } from "./base/signal.ts";
import type { CurrentCameras } from "./config/current-cameras.ts";
import { planReload } from "./config/reloadable.ts";
import type { AgentConfig, CameraConfig } from "./config/schema.ts";
import type { ServiceManager } from "./health/systemd.ts";

export interface ReloadOptions {
  /** The configuration with which the agent was started. */
  readonly config: AgentConfig;
  /** Reads the configuration file again. @throws ConfigError */
  readonly load: () => AgentConfig;
  /** @throws ConfigError if the agent cannot run with these settings of cameras */
  readonly accept: (cameras: readonly CameraConfig[]) => void;
  /** Receives the changed settings, which apply from the next frame. */
  readonly cameras: CurrentCameras;
  readonly home: Pick<Home, "update">;
  /** Shows the changed settings to viewers; undefined without the live view. */
  readonly view: { refresh(): void } | undefined;
  /** Raised when the user requests to read the file again. */
  readonly request: Signal;
  /** Called after each request: the module may have changed as well. */
  readonly onReloaded: () => void;
  readonly manager: ServiceManager | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Reads the configuration file again on each request, until the signal is aborted. Streams and tracks of objects continue.
 * The log names the changed keys, and those that need a restart. A file with a mistake changes nothing.
 */
export async function reloadConfig(options: ReloadOptions): Promise<void> {
  const { request, manager, onReloaded, signal } = options;
  let { config } = options;
  while (await request.next(signal)) {
    if (signal.aborted) return;
    await manager?.notify("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    config = await reloadOnce(config, options);
    await manager?.notify("READY=1");
    onReloaded();
  }
}

/** @returns the configuration in force */
async function reloadOnce(
  running: AgentConfig,
  { load, accept, cameras, home, view, log }: ReloadOptions,
): Promise<AgentConfig> {
  try {
    const { config, changed, needRestart } = planReload(running, load());
    accept(config.cameras.filter(({ enabled }) => enabled));
    if (changed.length > 0) {
      cameras.replace(config.cameras);
      view?.refresh();
      await home.update(cameras.all());
    }
    const said = changed.length > 0 ? "is reloaded" : "is unchanged";
    if (needRestart.length === 0) log.info({ changed }, `the configuration ${said}`);
    else log.warn({ changed, needRestart }, `the configuration ${said}; some keys need a restart`);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [reason, ...mistakes] = error.message.split("\n").map((line) => line.trim());
    const { remedy } = error;
    log.error(
      { ...(mistakes.length > 0 ? { mistakes } : {}), remedy },
      `the configuration is not reloaded, the old one stays in force: ${reason}`,
    );
    return running;
  }
}
