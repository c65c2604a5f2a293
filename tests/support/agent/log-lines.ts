import { type Log, openLog } from "../../../agent/base/log.ts";

/** One line of the log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

/** A log that records its lines. */
export function recordingLog(): { readonly log: Log; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const log = openLog("debug", { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}
