import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** Size of the clips, pixels. */
export const SIZE = { width: 160, height: 120 } as const;

/** How a clip is encoded. */
export interface ClipRecipe {
  /** Options of ffmpeg for the output. */
  readonly options: readonly string[];
  /** Name of the file. */
  readonly file: string;
  /** Frames per second. Default: 10. */
  readonly fps?: number;
  readonly seconds?: number;
  readonly size?: { readonly width: number; readonly height: number };
  /** ffmpeg's filters behind the drawing. */
  readonly filters?: string;
}

/** H.264 without B frames, with a key frame each second. */
export const H264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "10", "-bf", "0"] as const;

/** H.265 without B frames. @param keyFrames frames from one key frame to the next */
export function h265(keyFrames: number): readonly string[] {
  const options = `log-level=none:bframes=0:keyint=${keyFrames}:min-keyint=${keyFrames}:scenecut=0:pools=1`;
  return ["-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", options];
}

/**
 * Draws a clip: the left half is white; the right half becomes brighter by 2 of 255 with each frame, from 40 to 200, and
 * starts again. So an order of frames can be seen, and a frame that was decoded without its key frame.
 * @returns the clip's path
 */
export async function makeOddClip(folder: string, recipe: ClipRecipe): Promise<string> {
  const { width, height } = recipe.size ?? SIZE;
  const path = join(folder, recipe.file);
  const drawn = "geq=lum='if(lt(X,W/2),235,40+mod(2*N,160))':cb=128:cr=128";
  const filters = recipe.filters === undefined ? drawn : `${drawn},${recipe.filters}`;
  const source = `color=s=${width}x${height}:r=${recipe.fps ?? 10}:d=${recipe.seconds ?? 20}`;
  await promisify(execFile)("ffmpeg", [
    ...["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-vf", filters],
    ...["-pix_fmt", "yuv420p", "-threads", "1", ...recipe.options, path],
  ]);
  return path;
}

/** Brightness in one of the halves of a frame: the mean, and the share of pixels that differ from it by more than 25. */
export function halfOf(
  { width, height, planes }: { readonly width: number; readonly height: number; readonly planes: Uint8Array },
  side: "left" | "right",
): { readonly brightness: number; readonly spread: number } {
  // The border between the halves is blurred.
  const margin = Math.ceil(width / 10);
  const [from, to] = side === "left" ? [0, width / 2 - margin] : [width / 2 + margin, width];
  const values: number[] = [];
  for (let y = 0; y < height; y++) for (let x = from; x < to; x++) values.push(planes[y * width + x] ?? 0);
  const brightness = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = values.filter((value) => Math.abs(value - brightness) > 25).length / values.length;
  return { brightness, spread };
}
