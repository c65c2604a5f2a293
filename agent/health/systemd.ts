import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Environment } from "../config/environment.ts";
import type { ProgressMonitor } from "./progress.ts";

/** The service manager that has started the agent, where one has (sd_notify(3)). */
export interface ServiceManager {
  /** Hands over assignments such as `READY=1`. Never rejects: the manager decides what a silence means. */
  notify(...assignments: readonly string[]): Promise<void>;
  /** The longest it may wait for `WATCHDOG=1`; undefined where it does not. */
  readonly watchdogMs: number | undefined;
}

const run = promisify(execFile);
const TELL_WITHIN_MS = 5_000;

/**
 * The service manager that `NOTIFY_SOCKET` names; undefined outside of one.
 *
 * Node cannot send to such a socket (unix datagrams), so that systemd's own program does, which is wherever systemd is.
 * The unit must say NotifyAccess=all, since the message comes from a child.
 */
export function serviceManager(env: Environment, log: Log): ServiceManager | undefined {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, PATH } = env;
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === "") return undefined;
  const watchdogMs = Number(WATCHDOG_USEC) / 1000;
  let told = false;
  return {
    watchdogMs: watchdogMs > 0 ? watchdogMs : undefined,
    async notify(...assignments) {
      try {
        const options = { env: { NOTIFY_SOCKET, PATH }, timeout: TELL_WITHIN_MS };
        await run("systemd-notify", [...assignments], options);
      } catch (error) {
        if (!told) log.warn({ reason: String(error) }, "cannot talk to systemd: systemd-notify fails");
        told = true;
      }
    },
  };
}

/** What the service manager is told of. */
export interface Supervised {
  readonly progress: ProgressMonitor;
  /** One line for `systemctl status`. */
  readonly status: () => string;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted: the agent is stopping. */
  readonly signal: AbortSignal;
}

/** How often the status line may change. */
const LOOK_EVERY_MS = 10_000;

/**
 * Says that the agent is ready, how it is when that changes, and that it stops; and, as long as every part of the
 * pipeline gets on, that it is alive. Where one is stuck it falls silent, so that the manager restarts the agent.
 */
export async function notifyServiceManager(
  manager: ServiceManager,
  { progress, status, clock, log, signal }: Supervised,
): Promise<void> {
  // A third of the time: one message may be late.
  const everyMs = Math.min(LOOK_EVERY_MS, (manager.watchdogMs ?? Number.POSITIVE_INFINITY) / 3);
  let shown = status();
  let wasStuck = false;
  await manager.notify("READY=1", `STATUS=${shown}`);
  while (true) {
    await clock.sleep(everyMs, signal);
    if (signal.aborted) break;
    const stuck = progress.stuck();
    const isStuck = stuck.length > 0;
    if (isStuck && !wasStuck)
      log.error({ stuck }, "the pipeline is stuck: leaving it to systemd to restart the agent");
    wasStuck = isStuck;
    const line = isStuck ? `stuck: ${stuck.join(", ")}` : status();
    const news = [
      ...(line === shown ? [] : [`STATUS=${line}`]),
      ...(isStuck || manager.watchdogMs === undefined ? [] : ["WATCHDOG=1"]),
    ];
    shown = line;
    if (news.length > 0) await manager.notify(...news);
  }
  await manager.notify("STOPPING=1", "STATUS=stopping");
}
