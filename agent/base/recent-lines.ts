import { z } from "zod";

/** The latest lines of the log. */
export interface RecentLines {
  add(line: string): void;
  /** Oldest first. @param camera lines about other cameras are left out */
  about(camera: string): readonly RecentLine[];
}

export interface RecentLine {
  readonly timeMs: number;
  readonly level: string;
  readonly text: string;
}

/** Some 300 bytes each. */
const KEPT = 300;
const LONGEST = 1_000;
const LONGEST_DETAILS = 600;
const SHOWN = 100;

const Line = z.looseObject({
  level: z.string(),
  time: z.string(),
  msg: z.string().default(""),
  camera: z.string().optional(),
  remedy: z.string().optional(),
});

/** Keeps the latest lines of the log in memory: the text that was logged, without secrets. */
export function recentLines(): RecentLines {
  const lines: (RecentLine & { readonly camera: string | undefined })[] = [];
  return {
    add(line) {
      const { level, time, msg, camera, remedy, ...details } = Line.parse(JSON.parse(line));
      const said = `${msg}${detailsText(details)}`;
      const text = [said, ...(remedy === undefined ? [] : [remedy])].join(" → ").slice(0, LONGEST);
      lines.push({ timeMs: Date.parse(time), level, text, camera });
      if (lines.length > KEPT) lines.shift();
    },
    about: (name) =>
      lines
        .filter(({ camera }) => camera === undefined || camera === name)
        .slice(-SHOWN)
        .map(({ camera: _, ...line }) => line),
  };
}

/** The other fields of a line: ` (changed: cameras.door.zones.porch; need restart: mqtt.host)`. */
function detailsText(details: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(details)
    .filter(([, value]) => !Array.isArray(value) || value.length > 0)
    .map(([name, value]) => `${inWords(name)}: ${valueText(value)}`);
  if (parts.length === 0) return "";
  const text = parts.join("; ");
  return ` (${text.length > LONGEST_DETAILS ? `${text.slice(0, LONGEST_DETAILS)}…` : text})`;
}

/** `needRestart`: `need restart`. */
function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
