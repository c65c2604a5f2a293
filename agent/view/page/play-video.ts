import { socketAddress } from "./follow-agent.ts";
import { type Destination, loadJsmpeg, type Player, type PlayerOptions, type Source } from "./jsmpeg.ts";
import { openVideoSocket } from "./video-socket.ts";

export interface Playing {
  stop(): void;
}

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
  const address = socketAddress(`cameras/${camera}/video`);
  // At once: while JSMpeg is loaded the agent starts ffmpeg, and the camera sends its next whole picture.
  const video = openVideoSocket(address);
  void loadJsmpeg().then(({ Player }) => {
    if (stopped) return;
    player = new Player(address, {
      canvas,
      video,
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
      video.close();
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
  readonly #options: PlayerOptions;
  #destination: Destination | undefined;

  constructor(_address: string, options: PlayerOptions) {
    this.#options = options;
  }

  connect(destination: Destination): void {
    this.#destination = destination;
  }

  start(): void {
    const { video, onData } = this.#options;
    video.deliver((part) => {
      this.established = true;
      this.#destination?.write(part);
      onData();
    });
  }

  resume(): void {}

  destroy(): void {}
}
