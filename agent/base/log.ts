import pino, { type DestinationStream, type Logger } from "pino";

/** One JSON object per line. `log.child({ camera: "door" })` for a part of the agent. */
export type Log = Logger;

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/**
 * Opens the log: JSON lines with the level's name and an ISO time.
 * @param destination standard output unless a test or a command with JSON output of its own names another stream.
 */
export function openLog(level: LogLevel = "info", destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (name: string) => ({ level: name }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** A log that writes nothing. */
export function silentLog(): Log {
  return openLog("silent");
}
