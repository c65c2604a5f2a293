/**
 * Continues 32-bit timestamps across their wrap.
 * @param clockRate timestamp units per second
 * @returns converts timestamps, at most 2³¹ units apart from one to the next, to seconds
 */
export function rtpClock(clockRate: number): (timestamp: number) => number {
  let last: number | undefined;
  let total = 0;
  return (timestamp) => {
    total += last === undefined ? timestamp : (timestamp - last) | 0;
    last = timestamp;
    return total / clockRate;
  };
}
