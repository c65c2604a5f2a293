import { fstatSync } from "node:fs";
import pino, { type DestinationStream } from "pino";
import { z } from "zod";

/** Priorities of syslog (sd-daemon(3)). */
const PRIORITY: Readonly<Record<string, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

const LogLine = z.looseObject({ level: z.string(), msg: z.string().default("") });

const STDOUT = 1;

/**
 * The journal as destination of the log if standard output is connected to it, else undefined. `JOURNAL_STREAM` contains the
 * device and inode of the stream that systemd connected (systemd.exec(5)); they differ after a redirection to a file.
 */
export function journalDestination(
  env: Readonly<Record<string, string | undefined>>,
  stdout: { readonly dev: number | bigint; readonly ino: number | bigint } = fstatSync(STDOUT, {
    bigint: true,
  }),
): DestinationStream | undefined {
  if (env.JOURNAL_STREAM !== `${stdout.dev}:${stdout.ino}`) return undefined;
  const out = pino.destination({ fd: STDOUT, sync: true });
  return { write: (line) => void out.write(journalLine(line)) };
}

/**
 * Formats a log line for the journal: the priority, so that `journalctl -p warning` finds it and colours it, the message,
 * and the other fields as JSON. The journal adds the time itself.
 * @param line JSON from pino
 */
export function journalLine(line: string): string {
  const { level, time: _, msg, ...details } = LogLine.parse(JSON.parse(line));
  // A line break would start another entry, without a priority.
  const message = msg.replaceAll(/\s*\n\s*/g, " | ");
  const rest = Object.keys(details).length === 0 ? "" : ` ${JSON.stringify(details)}`;
  return `<${PRIORITY[level] ?? PRIORITY.info}>${message}${rest}\n`;
}
