import { VISITS } from "../scenes/visits.ts";
import type { Passage } from "./passages.ts";

/** Each of the six people comes into the empty view. */
export const PEOPLE: readonly Passage[] = VISITS.map(([from], index) => {
  return { from: from - 0.5, to: from + 5.5, before: 11 + 0.7 * index, after: 7 };
});

/**
 * People who stand still in the street start to walk, some for less than a key frame interval. After each change of the scene
 * the gate needs 20 s to learn the new one.
 */
export const WALKERS: readonly Passage[] = [4, 30, 55].flatMap((from, index) => [
  { from, to: from + 6, before: index === 0 ? 14.3 : 31.3, after: 10.1 + 0.7 * index },
  { from: from + 12, to: from + 12.8, before: 31.7, after: 9.5 },
]);

/** The six people of person.mp4, each as long as the visit, with pauses in which the camera idles. */
export const VISITORS: readonly Passage[] = VISITS.map(([from, to], index) => {
  return { from: from - 0.5, to: to + 1, before: index === 0 ? 14.3 : 10.3, after: 8.1 + 0.3 * index };
});

/** street.mp4, after a pause in which all people in view stand still until they count as stationary. */
export const CROWD: readonly Passage[] = [{ from: 0, to: 78.5, before: 26.3, after: 12 }];

/** How long a person is in view, seconds. The first ones are shorter than most intervals between key frames. */
const STAYS = [0.8, 1.4, 2.6, 4.5, 1.8, 6];

/** In the second half of this visit the exposure of the camera differs by 16 grey levels from that of the empty view. */
const ADAPTED_VISIT = 1;

/** Thirty times a person of person.mp4 appears in the empty view, and disappears again. */
export const APPEARANCES: readonly Passage[] = VISITS.flatMap(([visitFrom, visitTo], visit) => {
  let to = visitFrom + 0.7;
  return STAYS.flatMap((seconds, index) => {
    const from = to + 0.1;
    to = from + seconds;
    if (to > visitTo - 0.5 || (visit === ADAPTED_VISIT && index > 2)) return [];
    // In different places of a group of frames.
    const before = 10.3 + 0.7 * ((visit + 2 * index) % 5);
    return [{ from, to, before: visit + index === 0 ? 14.3 : before, after: 8.1, stillAt: visitFrom - 0.5 }];
  });
});

/** Thirty times, the people of street.mp4 start to walk, each time for this long; in films of ten. */
export const DEPARTURES: readonly (readonly Passage[])[] = [0.8, 1.9, 5].map((seconds, film) => {
  return Array.from({ length: 10 }, (_, index) => {
    const from = 2 + 2.3 * film + 7 * index;
    return { from, to: from + seconds, before: 30.3 + 0.7 * ((film + index) % 5), after: 8.1 };
  });
});

/** Two minutes in which nothing moves. */
export const STILL: readonly Passage[] = [{ from: 0, to: 0.5, before: 60, after: 60 }];

export const LOOKS = {
  normal: "eq=brightness=0.04*sin(2*PI*t/90):eval=frame,noise=alls=6:allf=t",
  dim: "eq=brightness=-0.2:contrast=0.5,noise=alls=8:allf=t",
  noisy: "eq=brightness=-0.1:contrast=0.8,noise=alls=18:allf=t",
} as const;

/** x264 as cameras use it: constant quality, a key frame every so many seconds, no B frames. */
export function x264(gopSeconds: number, ...more: readonly string[]): readonly string[] {
  const rate = more.length > 0 ? more : ["-crf", "27"];
  const preset = ["-c:v", "libx264", "-profile:v", "main", "-preset", "superfast", "-threads", "1"];
  return [...preset, "-bf", "0", "-sc_threshold", "0", "-g", String(gopSeconds * 10), ...rate];
}

/** A camera with a constant bit rate, bit/s. */
export function constantRate(rate: string): readonly string[] {
  return ["-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate, "-nal-hrd", "cbr"];
}
