/** The parts of JSMpeg (@cycjimmy/jsmpeg-player 6.1.2) that the page uses. */
export interface Jsmpeg {
  readonly Player: new (address: string, options: PlayerOptions) => Player;
}

export interface Player {
  /** Decodes and shows one frame, if a complete one is buffered. */
  nextFrame(): boolean;
  destroy(): void;
}

export interface PlayerOptions {
  readonly canvas: HTMLCanvasElement;
  readonly source: new (address: string, options: PlayerOptions) => Source;
  /** Our own option: the source of the video. */
  readonly video: VideoFrames;
  readonly audio: false;
  readonly pauseWhenHidden: false;
  readonly disableGl: boolean;
  /** Bytes. */
  readonly videoBufferSize: number;
  readonly onVideoDecode: () => void;
}

/** The frames that a player gets. */
export interface VideoFrames {
  /** Starts to deliver frames. @param onDelivery called before each of them */
  deliver(destination: Destination, onDelivery: () => void): void;
}

/** The source of the player's data. */
export interface Source {
  readonly streaming: true;
  readonly completed: boolean;
  /** Data has arrived. */
  readonly established: boolean;
  /** 0..1 */
  readonly progress: number;
  connect(destination: Destination): void;
  start(): void;
  resume(): void;
  destroy(): void;
}

export interface Destination {
  write(bytes: Uint8Array): void;
}

let loading: Promise<Jsmpeg> | undefined;

/** Loads JSMpeg once, in parallel with the page: it is larger than the rest of the page. */
export function loadJsmpeg(): Promise<Jsmpeg> {
  loading ??= importJsmpeg();
  return loading;
}

async function importJsmpeg(): Promise<Jsmpeg> {
  const address = new URL("jsmpeg-player.js", document.baseURI).href;
  const { default: jsmpeg }: { readonly default: Jsmpeg } = await import(address);
  return jsmpeg;
}
