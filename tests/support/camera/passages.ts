import { once } from "node:events";
import { readClip } from "../../../agent/camera/clip.ts";
import { startFedFfmpeg } from "../../../agent/camera/ffmpeg.ts";

/** Something that moves for a while, and does not before and after. */
export interface Passage {
  /** Where it starts and ends in the clip that it is taken from, seconds. */
  readonly from: number;
  readonly to: number;
  /** How long the scene stands still before it, as it is at `from`, seconds. */
  readonly before: number;
  /** How long it stands still after it, again as it is at `from`, seconds. */
  readonly after: number;
}

/** A camera that films passages: how it sees and encodes them. */
export interface Filming {
  /** ffmpeg filters: light, noise. */
  readonly look: string;
  /** ffmpeg's options of the encoder. */
  readonly encoder: readonly string[];
}

/** When something moves in the composed clip, seconds. */
export interface Moving {
  readonly start: number;
  readonly end: number;
}

export const FPS = 10;
const SIGNAL = new AbortController().signal;

/**
 * Composes a clip of passages (in the order of the source) and still scenes between them, with fresh noise on every frame.
 * @returns when something moves
 */
export async function filmPassages(
  source: string,
  passages: readonly Passage[],
  { look, encoder }: Filming,
  file: string,
): Promise<readonly Moving[]> {
  const [first] = passages;
  if (first === undefined) return [];
  const size = { width: 768, height: 432 };
  const raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${size.width}x${size.height}`];
  const args = ["-v", "error", "-y", ...raw, "-r", String(FPS), "-i", "pipe:0", "-vf", look];
  await using run = startFedFfmpeg("ffmpeg", [...args, ...encoder, "-pix_fmt", "yuv420p", file], SIGNAL);
  let frames = 0;
  const write = async (planes: Uint8Array, times = 1) => {
    for (let time = 0; time < times; time++, frames++) {
      if (!run.input.write(planes)) await once(run.input, "drain");
    }
  };
  const moving: Moving[] = [];
  const left = [...passages];
  let still: Uint8Array | undefined;
  let start = 0;
  for await (const frame of readClip({ camera: "clip", file: source, size, fps: FPS }, { signal: SIGNAL })) {
    const second = frame.timeMs / 1000;
    let passage = left[0];
    if (passage !== undefined && still !== undefined && second >= passage.to - 1e-6) {
      moving.push({ start, end: frames / FPS });
      await write(still, Math.round(passage.after * FPS));
      still = undefined;
      left.shift();
      [passage] = left;
    }
    if (passage === undefined) break;
    if (second < passage.from - 1e-6) continue;
    if (still === undefined) {
      still = frame.planes;
      await write(still, Math.round(passage.before * FPS));
      start = frames / FPS;
    }
    await write(frame.planes);
  }
  run.input.end();
  const { code } = await run.ended;
  if (code !== 0) throw new Error(run.errorLines().join("\n"));
  return moving;
}
