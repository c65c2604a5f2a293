/** The unit of presentation times in MPEG-TS: 90 kHz, 33 bits (ISO/IEC 13818-1, section 2.4.3.7). */
export const PTS_PER_MS = 90;
export const PTS_WRAP = 2 ** 33;

/**
 * The Unix time that a presentation time stands for, milliseconds. Presentation times are Unix times modulo 26.5 hours.
 * @param nearMs a Unix time within half of that range
 */
export function unixTimeOf(pts: number, nearMs: number): number {
  const wrapMs = PTS_WRAP / PTS_PER_MS;
  const ms = pts / PTS_PER_MS;
  return ms + Math.round((nearMs - ms) / wrapMs) * wrapMs;
}
