import { socketAddress } from "./follow-agent.ts";
import { type Destination, loadJsmpeg, type Player, type PlayerOptions, type Source } from "./jsmpeg.ts";
import { openVideoSocket } from "./video-socket.ts";

export interface Playing {
  stop(): void;
}

/** Two seconds of video at its largest. */
const BUFFER_BYTES = 1_000_000;
/** A page can have about sixteen WebGL contexts. Further cameras are drawn without WebGL. */
const MOST_GL = 8;
let glInUse = 0;
const MOST_FRAMES_AT_ONCE = 10;

/**
 * Plays a camera's video into a canvas.
 * @param onFrame called for every frame
 */
export function playVideo(camera: string, canvas: HTMLCanvasElement, onFrame: () => void): Playing {
  let stopped = false;
  let player: Player | undefined;
  const disableGl = glInUse >= MOST_GL;
  if (!disableGl) glInUse++;
  const address = socketAddress(`cameras/${camera}/video`);
  // Connects at once: while JSMpeg loads, the agent starts ffmpeg and the camera sends its next key frame.
  const video = openVideoSocket(address);
  void loadJsmpeg().then(({ Player }) => {
    if (stopped) return;
    player = new Player(address, {
      canvas,
      video,
      source: SocketSource,
      onData: showAll,
      audio: false,
      // The tile itself stops the video while it is hidden, so that the agent does not encode it.
      pauseWhenHidden: false,
      disableGl,
      videoBufferSize: BUFFER_BYTES,
      onVideoDecode: onFrame,
    });
  });
  // JSMpeg itself shows one frame per screen refresh, so a busy browser that fell behind would never catch up.
  function showAll(): void {
    for (let frames = 0; frames < MOST_FRAMES_AT_ONCE && player?.nextFrame(); frames++);
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

/** Replaces JSMpeg's own source, which cannot be stopped before it has started, and shows a meaningless progress bar. */
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
