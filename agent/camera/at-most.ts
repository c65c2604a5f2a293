/**
 * An ffmpeg filter that lets at most `fps` frames per second through, on average exactly that many where the stream has more.
 *
 * Unlike ffmpeg's own `fps` it never repeats a frame: that would make a camera whose clock jumps flood us with copies.
 * Variable 0 is when the next frame is due; a late frame moves it by at most one interval, a clock set back resets it.
 * A tenth of an interval early is on time, or jitter would cost a stream of just this rate every other frame.
 */
export function atMost(fps: number): string {
  const reset = `if(lt(t,ld(0)-2/${fps}),st(0,t))`;
  const take = `st(0,max(ld(0)+1/${fps},t-1/${fps}));1`;
  return `select='${reset};if(gte(t+0.1/${fps},ld(0)),${take},0)'`;
}
