import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Environment } from "../config/environment.ts";
import type { ProgressMonitor } from "./progress.ts";

/** The service manager that started the agent (sd_notify(3)). */
export interface ServiceManager {
  /** Sends assignments such as `READY=1`. Never rejects: missing messages are for the manager to handle. */
  notify(...assignments: readonly string[]): Promise<void>;
  /** The watchdog timeout for `WATCHDOG=1`; undefined without a watchdog. */
  readonly watchdogMs: number | undefined;
}

const run = promisify(execFile);
const NOTIFY_WITHIN_MS = 5_000;

/**
 * The service manager at `NOTIFY_SOCKET`; undefined if the agent was not started by one.
 *
 * Node cannot send to this socket (Unix datagrams). systemd-notify, which comes with systemd, sends the messages. The unit
 * needs NotifyAccess=all, since they come from a child process.
 */
export function serviceManager(env: Environment, log: Log): ServiceManager | undefined {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, PATH } = env;
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === "") return undefined;
  const watchdogMs = Number(WATCHDOG_USEC) / 1000;
  let isFailureLogged = false;
  return {
    watchdogMs: watchdogMs > 0 ? watchdogMs : undefined,
    async notify(...assignments) {
      try {
        const options = { env: { NOTIFY_SOCKET, PATH }, timeout: NOTIFY_WITHIN_MS };
        await run("systemd-notify", [...assignments], options);
      } catch (error) {
        if (!isFailureLogged)
          log.warn({ reason: String(error) }, "cannot notify systemd: systemd-notify fails");
        isFailureLogged = true;
      }
    },
  };
}

export interface NotifyDependencies {
  readonly progress: ProgressMonitor;
  /** One line for `systemctl status`. */
  readonly status: () => string;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted: the agent is stopping. */
  readonly signal: AbortSignal;
}

/** The status line is updated this often. */
const NOTIFY_EVERY_MS = 10_000;

/**
 * Reports to the service manager that the agent is ready, every change of its status, and that it stops. It also feeds the
 * watchdog as long as every part of the pipeline makes progress. If a part is stuck, the manager restarts the agent.
 */
export async function notifyServiceManager(
  manager: ServiceManager,
  { progress, status, clock, log, signal }: NotifyDependencies,
): Promise<void> {
  // A third of the watchdog timeout: one message may be late.
  const everyMs = Math.min(NOTIFY_EVERY_MS, (manager.watchdogMs ?? Number.POSITIVE_INFINITY) / 3);
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
    const assignments = [
      ...(line === shown ? [] : [`STATUS=${line}`]),
      ...(isStuck || manager.watchdogMs === undefined ? [] : ["WATCHDOG=1"]),
    ];
    shown = line;
    if (assignments.length > 0) await manager.notify(...assignments);
  }
  await manager.notify("STOPPING=1", "STATUS=stopping");
}
