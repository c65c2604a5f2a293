import pino, { type DestinationStream, type Logger } from "pino";
import { z } from "zod";
import { plainLines, plainValue } from "./plain-text.ts";

/** One JSON object per line. `log.child({ camera: "door" })` for a part of the agent. */
export type Log = Logger;

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/**
 * Opens the log: JSON lines with the level's name and an ISO time. Lines may quote a camera, a module or a broker:
 * terminal control characters are replaced, and long texts are cut.
 * @param destination default: standard output. Tests, and commands that print JSON, use another stream.
 * @param onLine called with each line that is written.
 */
export function openLog(
  level: LogLevel = "info",
  destination?: DestinationStream,
  onLine: (line: string) => void = () => {},
): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (name: string) => ({ level: name }) },
    hooks: {
      streamWrite(written: string) {
        const line = plainLine(written);
        onLine(line);
        return line;
      },
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** The most characters of a text, and of all other fields of a line together. */
const LONGEST_TEXT = 4_000;
const LONGEST_DETAILS = 16_000;

const Line = z.looseObject({ msg: z.string().optional() });

function plainLine(line: string): string {
  const { level, time, msg, ...details } = Line.parse(JSON.parse(line));
  const shown = Line.parse(plainValue(details, { text: LONGEST_TEXT, all: LONGEST_DETAILS }));
  const message = msg === undefined ? undefined : plainLines(msg, LONGEST_TEXT);
  return `${JSON.stringify({ level, time, ...shown, msg: message })}\n`;
}

/** A log that writes nothing. */
export function silentLog(): Log {
  return openLog("silent");
}
