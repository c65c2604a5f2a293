import type { VideoSocket } from "./video-socket.ts";

/** The parts of JSMpeg (@cycjimmy/jsmpeg-player 6.1.2) that the page uses. */
export interface Jsmpeg {
  readonly Player: new (address: string, options: PlayerOptions) => Player;
}

export interface Player {
  /** Decodes and shows one picture, if a whole one is there. */
  nextFrame(): boolean;
  destroy(): void;
}

export interface PlayerOptions {
  readonly canvas: HTMLCanvasElement;
  readonly source: new (address: string, options: PlayerOptions) => Source;
  /** Ours: where the video comes from. */
  readonly video: VideoSocket;
  /** Ours: called after every piece of it. */
  readonly onData: () => void;
  readonly audio: false;
  readonly pauseWhenHidden: false;
  readonly disableGl: boolean;
  /** Bytes. */
  readonly videoBufferSize: number;
  readonly onVideoDecode: () => void;
}

/** Where the player has its bytes from. */
export interface Source {
  readonly streaming: true;
  readonly completed: boolean;
  /** Bytes have come. */
  readonly established: boolean;
  /** 0..1 */
  readonly progress: number;
  connect(destination: Destination): void;
  start(): void;
  resume(): void;
  destroy(): void;
}

export interface Destination {
  write(bytes: ArrayBuffer): void;
}

let loading: Promise<Jsmpeg> | undefined;

/** Loads JSMpeg, once, beside the rest of the page: it is most of its bytes. */
export function loadJsmpeg(): Promise<Jsmpeg> {
  loading ??= importJsmpeg();
  return loading;
}

async function importJsmpeg(): Promise<Jsmpeg> {
  const address = new URL("jsmpeg-player.js", document.baseURI).href;
  const { default: jsmpeg }: { readonly default: Jsmpeg } = await import(address);
  return jsmpeg;
}
