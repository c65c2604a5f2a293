/**
 * The agent's messages on the WebSocket `live`, as JSON. Boxes are in pixels of the frames used for detection, corners are
 * shares of their width and height, times are Unix milliseconds.
 */
export type LiveMessage = Greeting | Sight | EventSummary | Health;

export type Box = readonly [x1: number, y1: number, x2: number, y2: number];
export type Corner = readonly [x: number, y: number];

/** The first message: facts that do not change while the agent runs. */
export interface Greeting {
  readonly type: "greeting";
  readonly version: string;
  readonly model: string;
  readonly licence: string;
  readonly precision: string;
  readonly runtime: string;
  /** Whether the page may write zones and masks to the configuration file. */
  readonly canApply: boolean;
  readonly cameras: readonly CameraSetup[];
}

/** The configuration of a camera, as far as it is drawn. */
export interface CameraSetup {
  readonly name: string;
  /** Frames read per second. */
  readonly fps: number;
  readonly zones: readonly ZoneSetup[];
  readonly motionMasks: readonly (readonly Corner[])[];
  readonly objectMasks: readonly (readonly Corner[])[];
}

export interface ZoneSetup {
  readonly name: string;
  readonly corners: readonly Corner[];
  /** Other keys of the configuration that differ from their defaults. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The results for one frame. */
export interface Sight {
  readonly type: "sight";
  readonly camera: string;
  readonly timeMs: number;
  readonly width: number;
  readonly height: number;
  readonly motion: readonly Box[];
  readonly regions: readonly Box[];
  readonly objects: readonly SeenObject[];
}

/** A tracked object. */
export interface SeenObject {
  /** Stays the same in all frames of one camera. */
  readonly track: number;
  readonly label: string;
  readonly score: number;
  readonly box: Box;
  /** CSS `#rrggbb`. */
  readonly colour: string;
  /** Black or white, readable on `colour`. */
  readonly ink: string;
  /** Confirmed, published as an event, and detected in the latest pass. */
  readonly sure: boolean;
  /** Detected in this frame. Otherwise, the box of an object that is not stationary is only a prediction. */
  readonly found: boolean;
  /** Stationary. */
  readonly still: boolean;
  /** Zones it is in. */
  readonly zones: readonly string[];
}

/** The current state of an event. Replaces earlier messages with the same `id`. */
export interface EventSummary {
  readonly type: "event";
  readonly id: string;
  readonly camera: string;
  readonly label: string;
  readonly topScore: number;
  readonly startMs: number;
  /** null until the event ends. */
  readonly endMs: number | null;
  /** Zones it entered, in order. */
  readonly zones: readonly string[];
  readonly still: boolean;
  /** Number of snapshots so far; the best one is at `events/<id>.jpg`. */
  readonly snapshots: number;
}

/** The health of the agent. */
export interface Health {
  readonly type: "health";
  readonly uptimeSeconds: number;
  readonly memoryMb: number;
  readonly broker: {
    readonly connected: boolean;
    /** Messages that it has not acknowledged yet. */
    readonly waiting: number;
  };
  readonly detector: {
    /** Milliseconds per detection pass. */
    readonly inferenceMs: number;
    /** Since the start. */
    readonly faults: number;
    readonly restarts: number;
  };
  readonly cameras: readonly CameraHealth[];
}

/** Rates per second. */
export interface CameraHealth {
  readonly name: string;
  readonly online: boolean;
  /** Why it is offline; null: it is online. */
  readonly outage: {
    /** The last frame, or the start of the agent. */
    readonly sinceMs: number;
    /** null until the first attempt to connect has failed. */
    readonly reason: string | null;
    readonly remedy: string | null;
  } | null;
  /** Detection is switched on. */
  readonly detecting: boolean;
  /** Received from the camera, whether they are decoded or not. */
  readonly cameraFps: number;
  /** Frames that detection needs. */
  readonly expectedFps: number;
  /** Frames skipped because the detector was busy. */
  readonly skippedFps: number;
  /** Detection passes: regions of frames given to the detector. */
  readonly detectionFps: number;
}
