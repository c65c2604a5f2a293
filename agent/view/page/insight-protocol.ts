/** What the agent tells about one camera: `cameras/<name>/activity`, as JSON. */
export interface Activity {
  /** Newest first. */
  readonly decisions: readonly Decision[];
  /** Oldest first; seconds without a decoded frame are missing. */
  readonly motion: readonly MotionSecond[];
  /** The latest lines of the agent's log that concern this camera or all, oldest first. */
  readonly log: readonly LogLine[];
}

/** What was decided about something that the detector found. Times are Unix milliseconds. */
export interface Decision {
  readonly id: number;
  readonly label: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly topScore: number;
  /** The number of examined frames that showed it. */
  readonly frames: number;
  /** The id of its event; null: it is none. */
  readonly event: string | null;
  /** Why it is no event; null: it is one. */
  readonly why: string | null;
  /** The key of the configuration that decides, below the camera, if there is one. */
  readonly key: string | null;
  /** Of an event: the zones, and why it did not enter each; null: it did. */
  readonly zones: readonly { readonly name: string; readonly why: string | null }[];
}

export interface MotionSecond {
  /** Unix seconds. */
  readonly time: number;
  /** The share of the frame that moved. */
  readonly share: number;
  /** Detection passes. */
  readonly passes: number;
}

export interface LogLine {
  readonly timeMs: number;
  readonly level: string;
  readonly text: string;
}

/** A key of the configuration as it is in force: `cameras/<name>/config`, a list as JSON. */
export interface Setting {
  /** The section; empty for the camera. */
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** From the manual. */
  readonly description: string;
  readonly isDefault: boolean;
}
