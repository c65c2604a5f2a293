import { TransientError } from "../base/errors.ts";

/**
 * An ffmpeg filter that fails where pictures have another size than this: some cameras change it in mid-stream. Scaled to
 * the old size they would be distorted; the stream must be opened again.
 */
export function onlyOfSize(width: number, height: number): string {
  return `crop=w='if(eq(iw,${width})*eq(ih,${height}),${width},-1)':h=${height}:exact=1`;
}

/** The filter has failed: the camera shows another size than it was taken to have, and has to be asked for it. */
export class SizeChanged extends TransientError {}
