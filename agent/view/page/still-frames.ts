export interface StillFrames {
  /** Shows the camera's next frames, one after the other, until it is stopped. */
  start(): void;
  stop(): void;
}

export interface StillOptions {
  /** Whether the results for the frame of this time are known. */
  readonly isKnown: (timeMs: number) => boolean;
  /** Called when a frame is shown. */
  readonly onFrame: (timeMs: number) => void;
}

/** Detection examines some five frames per second. */
const NEXT_AFTER_MS = 100;
const RETRY_MS = 2_000;
/** A frame whose results do not come is shown without them. */
const RESULTS_WITHIN_MS = 1_500;
const CHECK_EVERY_MS = 30;

/** Shows the frames that detection reads as single images, until there is video. Each waits for its results. */
export function stillFrames(
  camera: string,
  canvas: HTMLCanvasElement,
  { isKnown, onFrame }: StillOptions,
): StillFrames {
  let running: AbortController | undefined;

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const timeMs = await showNext(signal);
      await pause(timeMs === undefined ? RETRY_MS : NEXT_AFTER_MS);
    }
  }

  async function showNext(signal: AbortSignal): Promise<number | undefined> {
    try {
      const reply = await fetch(`cameras/${camera}.jpg`, { signal, cache: "no-store" });
      if (!reply.ok) return undefined;
      const image = await createImageBitmap(await reply.blob());
      const timeMs = Number(reply.headers.get("Frame-Time"));
      const lastMs = performance.now() + RESULTS_WITHIN_MS;
      while (!isKnown(timeMs) && performance.now() < lastMs) await pause(CHECK_EVERY_MS);
      if (signal.aborted) return undefined;
      drawImage(canvas, image);
      onFrame(timeMs);
      return timeMs;
    } catch {
      // The agent or the network is away, or this is stopped.
      return undefined;
    }
  }

  return {
    start() {
      if (running !== undefined) return;
      running = new AbortController();
      void run(running.signal);
    },
    stop() {
      running?.abort();
      running = undefined;
    },
  };
}

/** Fetches an image and draws it. @returns whether it exists */
export async function showImage(address: string, canvas: HTMLCanvasElement): Promise<boolean> {
  try {
    const reply = await fetch(address, { cache: "no-store" });
    if (reply.ok) drawImage(canvas, await createImageBitmap(await reply.blob()));
    return reply.ok;
  } catch {
    return false;
  }
}

function drawImage(canvas: HTMLCanvasElement, image: ImageBitmap): void {
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  image.close();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
