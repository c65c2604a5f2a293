/** pino's number for `warn`: everything from there on is worth a person's attention. */
const WARN = 40;

/** What a person needs to see of a line of the agent's log: warnings, errors and what is no log line at all. */
export function logLine(line: string): string | undefined {
  const entry = parse(line);
  if (entry === undefined) return line === "" ? undefined : `agent: ${line}`;
  return entry.level >= WARN ? `agent: ${entry.msg}` : undefined;
}

function parse(line: string): { readonly level: number; readonly msg: string } | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const entry = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return { level: Number(entry.level), msg: String(entry.msg) };
  } catch {
    return undefined;
  }
}
