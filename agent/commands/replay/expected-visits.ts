import { readFileSync } from "node:fs";
import { z } from "zod";
import { shortReason } from "../../base/error-code.ts";
import { ConfigError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import { type Visit, type VisitEvent, visitsOf } from "./visits.ts";

/** The format of a file of expected visits, for --help. */
export const EXPECTED_HELP = `
The file of --against lists the expected visits: the output of an earlier replay --json, or a line per visit.
Times are seconds or minutes:seconds. End and zones are optional; without them they are not compared.
  # label, start, end, zones
  person, 6, 19
  person, 1:32, 2:00.5, porch yard
  car, 40
  {"label": "dog", "start": 12.5, "end": 14, "zones": ["yard"]}
An empty file expects no events. The exit code is 1 if there are differences, as with diff.`;

const time = z.union([z.number().min(0), z.string().transform(readTime)], {
  error: ({ input }) => `expected seconds or minutes:seconds, received ${JSON.stringify(input) ?? "nothing"}`,
});

const WrittenVisit = z.strictObject({
  label: z.string().min(1),
  start: time,
  end: time.optional(),
  zones: z.array(z.string().min(1)).optional(),
});

/** A line of `replay --json`. */
const ReplayedLine = z.object({ time: z.number(), topic: z.string(), payload: z.unknown() });

const ReplayedEvent: z.ZodType<VisitEvent> = z.object({
  after: z.object({
    id: z.string(),
    label: z.string(),
    start_time: z.number(),
    end_time: z.number().nullable(),
    entered_zones: z.array(z.string()),
  }),
});

/**
 * Reads the expected visits of a clip.
 * @throws ConfigError if the file cannot be read; it lists all invalid lines.
 */
export function readExpected(file: string): readonly Visit[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ConfigError(
      `cannot read ${file} (${shortReason(cause)})`,
      "Check the path given with --against.",
      { cause },
    );
  }
  return parseExpected(text, file);
}

/**
 * Parses a file of expected visits: lines of `replay --json`, JSON lines or comma-separated lines, with `#` comments.
 * @throws ConfigError that lists all invalid lines.
 */
export function parseExpected(text: string, file: string): readonly Visit[] {
  const written: Visit[] = [];
  const events: VisitEvent[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const content = line.startsWith("{") ? line : line.replace(/#.*/, "").trim();
    if (content === "" || /^label\s*,\s*start\b/.test(content)) continue;
    try {
      const read = content.startsWith("{") ? readJson(content) : readCommas(content);
      if (read === undefined) continue;
      if ("after" in read) events.push(read);
      else written.push(read);
    } catch (error) {
      problems.push(`  ${plainText(file)}:${index + 1}: ${reasonOf(error)}`);
    }
  }
  if (problems.length > 0) {
    throw new ConfigError(
      `invalid lines in the file of expected visits\n${problems.join("\n")}`,
      "Write lines like `person, 6, 19`; `sabrewing replay --help` describes the format.",
    );
  }
  return [...visitsOf(events), ...written].sort((a, b) => a.start - b.start);
}

/** @returns undefined for a line of `replay --json` that is not an event. */
function readJson(line: string): Visit | VisitEvent | undefined {
  const value: unknown = JSON.parse(line);
  const replayed = ReplayedLine.safeParse(value);
  if (!replayed.success) return asVisit(WrittenVisit.parse(value));
  const { topic, payload } = replayed.data;
  return topic.endsWith("/events") ? ReplayedEvent.parse(payload) : undefined;
}

function readCommas(line: string): Visit {
  const [label, start, end, zones, ...more] = line.split(",").map((part) => part.trim());
  if (more.length > 0) throw new SyntaxError("expected label, start, end, zones (zones separated by spaces)");
  if (start === undefined) throw new SyntaxError(`expected label, start, end, received "${line}"`);
  return asVisit(
    WrittenVisit.parse({
      label,
      start,
      ...(end === undefined || end === "" ? {} : { end }),
      ...(zones === undefined ? {} : { zones: zones.split(/\s+/).filter((zone) => zone !== "") }),
    }),
  );
}

function asVisit({ label, start, end, zones }: z.output<typeof WrittenVisit>): Visit {
  if (end !== undefined && end < start)
    throw new SyntaxError(`it ends (${end} s) before it starts (${start} s)`);
  return { label, start, ...(end === undefined ? {} : { end }), ...(zones === undefined ? {} : { zones }) };
}

/** `12.5`, `1:32`, `1:02:03.5` → seconds. */
function readTime(text: string, context: z.RefinementCtx): number {
  const parts = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)$/.exec(text.trim());
  if (parts === null) {
    context.addIssue({ code: "custom", message: "no time" });
    return z.NEVER;
  }
  const [hours, minutes, seconds] = [parts[1], parts[2], parts[3]].map((part) => Number(part ?? 0));
  return (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    return error.issues
      .map(({ path, message }) => plainText([path.join("."), message].filter(Boolean).join(": ")))
      .join("; ");
  }
  if (error instanceof SyntaxError) return plainText(error.message);
  throw error;
}
