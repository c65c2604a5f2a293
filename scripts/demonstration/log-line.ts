/** Levels of the agent's log that the demo prints. */
const SHOWN_LEVELS = ["warn", "error", "fatal"];

/** Formats a line of the agent's log for the terminal: warnings, errors, and lines that are not JSON. Others are omitted. */
export function logLine(line: string): string | undefined {
  const entry = parse(line);
  if (entry === undefined) return line === "" ? undefined : `agent: ${line}`;
  if (!SHOWN_LEVELS.includes(entry.level)) return undefined;
  return entry.remedy === undefined ? `agent: ${entry.msg}` : `agent: ${entry.msg}. ${entry.remedy}`;
}

interface LogEntry {
  readonly level: string;
  readonly msg: string;
  readonly remedy?: string;
}

function parse(line: string): LogEntry | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as LogEntry;
  } catch {
    return undefined;
  }
}
