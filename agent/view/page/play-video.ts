import { socketAddress } from "./follow-agent.ts";
import { type Destination, loadJsmpeg, type Player, type PlayerOptions, type Source } from "./jsmpeg.ts";

export interface Playing {
  stop(): void;
}

const RETRY_MS = 2_000;
/** Two seconds of video at its largest. */
const BUFFER_BYTES = 1_000_000;
/** A page may have some sixteen WebGL pictures; where there are more cameras, the others are drawn without it. */
const MOST_GL = 8;
let glInUse = 0;
const MOST_AT_ONCE = 10;

/**
 * Plays a camera's video into a canvas.
 * @param onPicture called for every picture
 */
export function playVideo(camera: string, canvas: HTMLCanvasElement, onPicture: () => void): Playing {
  let stopped = false;
  let player: Player | undefined;
  const disableGl = glInUse >= MOST_GL;
  if (!disableGl) glInUse++;
  void loadJsmpeg().then(({ Player }) => {
    if (stopped) return;
    player = new Player(socketAddress(`cameras/${camera}/video`), {
      canvas,
      source: SocketSource,
      onData: showAll,
      audio: false,
      // The tile ends the video itself where nobody sees it, so that the agent need not make it.
      pauseWhenHidden: false,
      disableGl,
      videoBufferSize: BUFFER_BYTES,
      onVideoDecode: onPicture,
    });
  });
  // By itself JSMpeg shows one picture each time the screen is drawn anew: what a busy browser fell behind, it would stay.
  function showAll(): void {
    for (let pictures = 0; pictures < MOST_AT_ONCE && player?.nextFrame(); pictures++);
  }

  return {
    stop() {
      stopped = true;
      if (!disableGl) glInUse--;
      player?.destroy();
    },
  };
}

/** JSMpeg's own source cannot be ended before it has begun, and shows a progress bar that says nothing. */
class SocketSource implements Source {
  readonly streaming = true;
  readonly completed = false;
  readonly progress = 1;
  established = false;
  readonly #address: string;
  readonly #onData: () => void;
  #destination: Destination | undefined;
  #socket: WebSocket | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(address: string, { onData }: PlayerOptions) {
    this.#address = address;
    this.#onData = onData;
  }

  connect(destination: Destination): void {
    this.#destination = destination;
  }

  start(): void {
    const socket = new WebSocket(this.#address);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      this.established = true;
      this.#destination?.write(data);
      this.#onData();
    });
    socket.addEventListener("close", () => {
      if (this.#socket === socket) this.#retry = setTimeout(() => this.start(), RETRY_MS);
    });
  }

  resume(): void {}

  destroy(): void {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }
}
