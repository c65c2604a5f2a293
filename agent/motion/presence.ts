/** What was last told of a camera's motion. */
export interface Presence {
  /** undefined: nothing yet. */
  readonly told: "ON" | "OFF" | undefined;
  /** When something last moved, milliseconds; -Infinity: never. */
  readonly movedMs: number;
}

export const NOTHING_MOVED: Presence = { told: undefined, movedMs: Number.NEGATIVE_INFINITY };

/**
 * ON with the first motion, OFF after `offDelayMs` without any; told on change only, and once at the start, because the
 * topic is retained and may hold what an earlier run left.
 */
export function advancePresence(
  { told, movedMs }: Presence,
  moving: boolean,
  timeMs: number,
  offDelayMs: number,
): { readonly state: Presence; readonly message?: "ON" | "OFF" } {
  const lastMs = moving ? timeMs : movedMs;
  // Time that went back (a clip that starts anew) says nothing of motion before.
  const waiting = told === "ON" && timeMs >= lastMs && timeMs - lastMs < offDelayMs;
  const message = moving || waiting ? "ON" : "OFF";
  return { state: { told: message, movedMs: lastMs }, ...(message === told ? {} : { message }) };
}
