import { type Log, openLog } from "../../../agent/base/log.ts";

/** One line as the log writes it. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

/** A log whose lines a test can read. */
export function recordingLog(): { readonly log: Log; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const log = openLog("debug", { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}
