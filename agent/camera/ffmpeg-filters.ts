import type { Size } from "../base/box.ts";

/**
 * An ffmpeg filter that passes at most `fps` frames per second: on average exactly that many if the stream has more.
 *
 * ffmpeg's own `fps` filter repeats frames, so a camera whose clock jumps would flood us with copies. This one never does.
 * Variable 0 is the time when the next frame is due. A late frame moves it by at most one interval, and a clock that is
 * set back resets it. A frame that is early by a quarter of an interval passes; otherwise a stream with exactly this rate would
 * lose frames to jitter, and whenever its delay becomes known better (see frameTime).
 */
export function limitRate(fps: number): string {
  const reset = `if(lt(t,ld(0)-2/${fps}),st(0,t))`;
  const take = `st(0,max(ld(0)+1/${fps},t-1/${fps}));1`;
  return `select='${reset};if(gte(t+0.25/${fps},ld(0)),${take},0)'`;
}

/**
 * An ffmpeg filter that fails on frames of any other size: some cameras change the size in mid-stream. Scaling to the old
 * size would distort the frames, so the stream must be reopened.
 */
export function requireSize({ width, height }: Size): string {
  return `crop=w='if(eq(iw,${width})*eq(ih,${height}),${width},-1)':h=${height}:exact=1`;
}
