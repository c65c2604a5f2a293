import { fstatSync } from "node:fs";
import pino, { type DestinationStream } from "pino";
import { z } from "zod";

/** Priorities of syslog (sd-daemon(3)). */
const PRIORITY: Readonly<Record<string, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

const LogLine = z.looseObject({ level: z.string(), msg: z.string().default("") });

const STDOUT = 1;

/**
 * The journal as a log's destination where standard output goes there, else undefined: `JOURNAL_STREAM` holds device and
 * inode of the stream that systemd has connected (systemd.exec(5)), which a redirection to a file changes.
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
 * A line of the log as the journal shows it well: priority first, so that `journalctl -p warning` finds it and colours it;
 * then the words, then the rest as JSON. Time and level are the journal's own.
 * @param line JSON, as pino writes it
 */
export function journalLine(line: string): string {
  const { level, time: _, msg, ...details } = LogLine.parse(JSON.parse(line));
  // A line break would begin another entry, of the lowest priority.
  const words = msg.replaceAll(/\s*\n\s*/g, " | ");
  const rest = Object.keys(details).length === 0 ? "" : ` ${JSON.stringify(details)}`;
  return `<${PRIORITY[level] ?? PRIORITY.info}>${words}${rest}\n`;
}
