import { once } from "node:events";
import type { Size } from "../../../agent/base/box.ts";
import { readClip } from "../../../agent/camera/clip.ts";
import { startFedFfmpeg } from "../../../agent/camera/ffmpeg.ts";

/** Something that moves for a while, and does not before and after. */
export interface Passage {
  /** Where it starts and ends in the clip that it is taken from, seconds. */
  readonly from: number;
  readonly to: number;
  /** How long the scene stands still before it, as it is at `stillAt`, seconds. */
  readonly before: number;
  /** How long it stands still after it, again as it is at `stillAt`, seconds. */
  readonly after: number;
  /** Not after `from`. Default: `from`. */
  readonly stillAt?: number;
}

/** A camera that films passages: how it sees and encodes them. */
export interface Filming {
  /** ffmpeg filters: light, noise. */
  readonly look: string;
  /** ffmpeg's options of the encoder. */
  readonly encoder: readonly string[];
  /** Pixels of its frames. Default: 768×432. */
  readonly size?: Size;
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
  { look, encoder, size = { width: 768, height: 432 } }: Filming,
  file: string,
): Promise<readonly Moving[]> {
  const [first] = passages;
  if (first === undefined) return [];
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
  let still: { readonly at: number; readonly planes: Uint8Array } | undefined;
  let start: number | undefined;
  for await (const frame of readClip({ camera: "clip", file: source, size, fps: FPS }, { signal: SIGNAL })) {
    const second = frame.timeMs / 1000 + 1e-6;
    let [passage] = left;
    if (passage !== undefined && still !== undefined && start !== undefined && second >= passage.to) {
      moving.push({ start, end: frames / FPS });
      await write(still.planes, Math.round(passage.after * FPS));
      start = undefined;
      left.shift();
      [passage] = left;
    }
    if (passage === undefined) break;
    const { from, stillAt: at = from, before } = passage;
    if (second >= at && still?.at !== at) still = { at, planes: frame.planes };
    if (second < from || still === undefined) continue;
    if (start === undefined) {
      await write(still.planes, Math.round(before * FPS));
      start = frames / FPS;
    }
    await write(frame.planes);
  }
  run.input.end();
  const { code, errorLines } = await run.ended;
  if (code !== 0) throw new Error(errorLines.join("\n"));
  return moving;
}
