import { join } from "node:path";
import type { Clock } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import type { AgentConfig } from "./config/schema.ts";
import type { EventHistory } from "./health/event-history.ts";
import type { MeasuredCamera } from "./health/metrics.ts";
import { type Report, type ReportSources, takeReport } from "./health/report.ts";
import { REPORT_SOCKET, serveReport } from "./health/serve-report.ts";

/** The sources of all figures of the agent. */
export interface FigureSources extends Omit<ReportSources, "ports" | "mqtt" | "cameras" | "events"> {
  readonly cameras: readonly (ReportSources["cameras"][number] & MeasuredCamera)[];
  readonly events: EventHistory;
  /** The live view, if it is open. */
  readonly view: { readonly port: number; reportHealth(report: () => Report): void } | undefined;
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Serves the figures to Prometheus, `sabrewing status` and the live view, until the scope is left. */
export async function serveFigures(
  { metrics, mqtt }: Pick<AgentConfig, "metrics" | "mqtt">,
  { view, stateDirectory, clock, log, ...sources }: FigureSources,
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { cameras, events, stats } = sources;
  // Loaded only if it is on, to save memory.
  const server = stack.use(
    metrics.enabled
      ? await (await import("./health/metrics.ts")).openMetrics(metrics, cameras, {
          ...{ stats, seen: events.seen, clock, log },
        })
      : undefined,
  );
  const ports = { metrics: server?.port, view: view?.port };
  const report = () => takeReport({ ...sources, ports, mqtt });
  view?.reportHealth(report);
  stack.use(await serveReport(join(stateDirectory, REPORT_SOCKET), report, { clock, log }));
  return stack.move();
}
