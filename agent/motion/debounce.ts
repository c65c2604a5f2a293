/** The published motion state of a camera. */
export interface MotionState {
  /** undefined: not published yet. */
  readonly published: "ON" | "OFF" | undefined;
  /** When something last moved, milliseconds; -Infinity: never. */
  readonly movedMs: number;
}

/** Before the first frame. */
export const NO_MOTION: MotionState = { published: undefined, movedMs: Number.NEGATIVE_INFINITY };

/** A state, and the message that is due. */
export interface DebouncedMotion {
  readonly state: MotionState;
  readonly message?: "ON" | "OFF";
}

/** Ends motion when it is no longer detected: its last state would remain for ever. */
export function endMotion(state: MotionState): DebouncedMotion {
  if (state.published !== "ON") return { state };
  return { state: { ...NO_MOTION, published: "OFF" }, message: "OFF" };
}

/**
 * Debounces motion: ON with the first motion, OFF after `offDelayMs` without any. A message is due on changes only, and once
 * at the start, because the topic is retained and may hold the state of an earlier run.
 */
export function debounceMotion(
  { published, movedMs }: MotionState,
  isMoving: boolean,
  timeMs: number,
  offDelayMs: number,
): DebouncedMotion {
  const lastMs = isMoving ? timeMs : movedMs;
  // After time went back (a clip that starts again) earlier motion counts no longer.
  const isDelayed = published === "ON" && timeMs >= lastMs && timeMs - lastMs < offDelayMs;
  const message = isMoving || isDelayed ? "ON" : "OFF";
  return {
    state: { published: message, movedMs: lastMs },
    ...(message === published ? {} : { message }),
  };
}
