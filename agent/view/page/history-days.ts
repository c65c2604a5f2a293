/** The days of the history, in the browser's time zone. */

/** A day: Unix milliseconds of its beginning and its end. */
export interface Day {
  readonly fromMs: number;
  readonly toMs: number;
}

export const STEP_MS = 15 * 60_000;

/** The latest days, oldest first; the last one contains `nowMs`. Days with a change of the clocks are shorter or longer. */
export function latestDays(count: number, nowMs: number): readonly Day[] {
  const now = new Date(nowMs);
  const midnight = (day: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - day).getTime();
  return Array.from({ length: count }, (_, index) => {
    const day = count - 1 - index;
    return { fromMs: midnight(day), toMs: midnight(day - 1) };
  });
}

/** `Today`, `Yesterday`, or the weekday. */
export function weekdayName({ fromMs }: Day, nowMs: number): string {
  const [yesterday, today] = latestDays(2, nowMs);
  if (fromMs === today?.fromMs) return "Today";
  if (fromMs === yesterday?.fromMs) return "Yesterday";
  return new Date(fromMs).toLocaleDateString(undefined, { weekday: "short" });
}

/** `Monday, 30 November`, in the language of the browser. */
export function longDate(ms: number): string {
  return new Date(ms).toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
}

/** `30 Nov`, in the language of the browser. */
export function shortDate(ms: number): string {
  return new Date(ms).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

/** `14:05`, in the language of the browser. */
export function clockTime(ms: number): string {
  return new Date(ms).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

/** `14:05:09`, in the language of the browser. */
export function exactTime(ms: number): string {
  return new Date(ms).toLocaleTimeString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
}

/** The beginning of the hour that contains a time. */
export function hourOf(ms: number): number {
  return new Date(ms).setMinutes(0, 0, 0);
}
