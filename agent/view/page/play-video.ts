import { socketAddress } from "./follow-agent.ts";
import { type HoldOptions, heldVideo } from "./held-video.ts";
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
/** Plays a camera's video into a canvas. */
export function playVideo(camera: string, canvas: HTMLCanvasElement, options: HoldOptions): Playing {
  let stopped = false;
  let player: Player | undefined;
  const disableGl = glInUse >= MOST_GL;
  if (!disableGl) glInUse++;
  const address = socketAddress(`cameras/${camera}/video`);
  // Connects at once: while JSMpeg loads, the agent starts ffmpeg and the camera sends its next key frame.
  const socket = openVideoSocket(address);
  const video = heldVideo(socket, options, () => player?.nextFrame() ?? false);
  void loadJsmpeg().then(({ Player }) => {
    if (stopped) return;
    player = new Player(address, {
      canvas,
      video,
      source: HeldSource,
      audio: false,
      // The tile itself stops the video while it is hidden, so that the agent does not encode it.
      pauseWhenHidden: false,
      disableGl,
      videoBufferSize: BUFFER_BYTES,
      onVideoDecode: video.onDecode,
    });
  });

  return {
    stop() {
      stopped = true;
      if (!disableGl) glInUse--;
      video.stop();
      socket.close();
      player?.destroy();
    },
  };
}

/** Replaces JSMpeg's own source, which cannot be stopped before it has started, and shows a meaningless progress bar. */
class HeldSource implements Source {
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
    if (this.#destination === undefined) return;
    this.#options.video.deliver(this.#destination, () => {
      this.established = true;
    });
  }

  resume(): void {}

  destroy(): void {}
}
