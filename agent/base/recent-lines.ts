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
const SHOWN = 100;

const Line = z.object({
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
      const { level, time, msg, camera, remedy } = Line.parse(JSON.parse(line));
      const text = [msg, ...(remedy === undefined ? [] : [remedy])].join(" → ").slice(0, LONGEST);
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
