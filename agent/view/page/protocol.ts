/**
 * What the agent tells a page on its socket `live`, JSON, one message each. Boxes are pixels of the picture that detection
 * works on, corners shares of its width and height, times Unix milliseconds.
 */
export type LiveMessage = Greeting | Sight | EventSummary | Health;

export type Box = readonly [x1: number, y1: number, x2: number, y2: number];
export type Corner = readonly [x: number, y: number];

/** The first message: what does not change while the agent runs. */
export interface Greeting {
  readonly type: "greeting";
  readonly version: string;
  readonly model: string;
  readonly licence: string;
  readonly precision: string;
  readonly runtime: string;
  readonly cameras: readonly CameraSetup[];
}

/** What the configuration says of a camera, as far as it can be drawn. */
export interface CameraSetup {
  readonly name: string;
  /** Frames looked at per second. */
  readonly fps: number;
  readonly zones: readonly ZoneSetup[];
  readonly motionMasks: readonly (readonly Corner[])[];
  readonly objectMasks: readonly (readonly Corner[])[];
}

export interface ZoneSetup {
  readonly name: string;
  readonly corners: readonly Corner[];
  /** Its other keys, where they differ from their defaults, as the file words them. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What the agent saw in one frame. */
export interface Sight {
  readonly type: "sight";
  readonly camera: string;
  readonly timeMs: number;
  readonly width: number;
  readonly height: number;
  /** Where something moved. */
  readonly motion: readonly Box[];
  /** What the detector looked at. */
  readonly regions: readonly Box[];
  readonly objects: readonly SeenObject[];
}

/** Something that is followed. */
export interface SeenObject {
  /** The same in all frames of one camera. */
  readonly track: number;
  readonly label: string;
  readonly score: number;
  readonly box: Box;
  /** CSS `#rrggbb`, and black or white: what can be read on it. */
  readonly colour: string;
  readonly ink: string;
  /** Seen for sure, and told of as an event. */
  readonly sure: boolean;
  /** At one place for long. */
  readonly still: boolean;
  /** Zones it is in. */
  readonly zones: readonly string[];
}

/** An event as it stands now; the same `id` again replaces what was told before. */
export interface EventSummary {
  readonly type: "event";
  readonly id: string;
  readonly camera: string;
  readonly label: string;
  readonly topScore: number;
  readonly startMs: number;
  /** null while it goes on. */
  readonly endMs: number | null;
  /** Zones it entered, in order. */
  readonly zones: readonly string[];
  readonly still: boolean;
  /** Counts up with every better picture at `events/<id>.jpg`; 0: there is none. */
  readonly picture: number;
}

/** How the agent is. */
export interface Health {
  readonly type: "health";
  readonly uptimeSeconds: number;
  readonly memoryMb: number;
  readonly broker: {
    readonly connected: boolean;
    /** Messages that it has not confirmed yet. */
    readonly waiting: number;
  };
  readonly detector: {
    /** Milliseconds a look takes. */
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
  /** Objects are looked for. */
  readonly detecting: boolean;
  readonly cameraFps: number;
  readonly expectedFps: number;
  /** Frames left out because the detector was busy. */
  readonly skippedFps: number;
  /** Regions of frames that the detector was asked about. */
  readonly detectionFps: number;
}
