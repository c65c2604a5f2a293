/** From what was seen of a feature map to how far its numbers are stored: what lies beyond is cut off. */
import { type Histogram, magnitudes } from "./histogram.ts";

/**
 * The magnitude below which a share of the numbers lies.
 * @param share 0..1, of all numbers that were seen
 */
export function percentileLimit(histogram: Histogram, share: number): number {
  const counts = magnitudes(histogram);
  const wanted = counts.reduce((sum, count) => sum + count, 0) * share;
  let reached = 0;
  const step = counts.findIndex((count) => {
    reached += count;
    return count > 0 && reached >= wanted;
  });
  return ((step < 0 ? counts.length : step + 1) * histogram.limit) / counts.length;
}

/**
 * The magnitude at which cutting off loses least information, in the sense of Kullback and Leibler, when what is left is
 * rounded to `levels` magnitudes (Migacz, "8-bit Inference with TensorRT", GPU Technology Conference 2017).
 * @param levels 128 for 8 bits
 */
export function entropyLimit(histogram: Histogram, levels: number): number {
  const counts = magnitudes(histogram);
  const used = counts.findLastIndex((count) => count > 0) + 1;
  const lossOf = cuttingLoss(counts, levels);
  let best = { loss: Number.POSITIVE_INFINITY, steps: used };
  for (let steps = Math.min(levels, used); steps <= used; steps++) {
    const loss = lossOf(steps);
    // Of equals the widest: it cuts off least.
    if (loss <= best.loss) best = { loss, steps };
  }
  return (best.steps * histogram.limit) / counts.length;
}

/** Something that rounding has made of nothing is very surprising, but not infinitely so. */
const LEAST_PROBABILITY = 1e-9;

/**
 * steps → KL(P ‖ Q). P: the first steps' counts, the last with all that lies beyond. Q: the same counts without what lies
 * beyond, each level's spread evenly over those of its steps that have any.
 *
 * With N counts in all, KL = Σ p·ln p − Σ p·ln q = (Σ c·ln c − Σ c·ln q) / N − ln N. Within a level q is constant, so that sums
 * from the start on, made once, leave one logarithm per level.
 */
function cuttingLoss(counts: Float64Array, levels: number): (steps: number) => number {
  const sums = sumsUpTo(counts);
  const filled = sumsUpTo(counts.map((count) => (count > 0 ? 1 : 0)));
  const ownLogs = sumsUpTo(counts.map(timesLog));
  const between = (upTo: Float64Array, from: number, to: number) => (upTo[to] ?? 0) - (upTo[from] ?? 0);
  return (steps) => {
    const kept = sums[steps] ?? 0;
    const beyond = between(sums, steps, counts.length);
    const all = kept + beyond;
    const own = (ownLogs[steps - 1] ?? 0) + timesLog((counts[steps - 1] ?? 0) + beyond);
    let cross = 0;
    let last = LEAST_PROBABILITY;
    for (let level = 0; level < levels; level++) {
      const from = Math.floor((level * steps) / levels);
      const to = Math.floor(((level + 1) * steps) / levels);
      const count = between(sums, from, to);
      if (count === 0) continue;
      const probability = count / between(filled, from, to) / kept;
      cross += count * Math.log(probability);
      if (to === steps && (counts[steps - 1] ?? 0) > 0) last = probability;
    }
    cross += beyond * Math.log(last);
    return (own - cross) / all - Math.log(all);
  };
}

function timesLog(count: number): number {
  return count > 0 ? count * Math.log(count) : 0;
}

/** At index i the sum of the first i. */
function sumsUpTo(counts: Float64Array): Float64Array {
  const sums = new Float64Array(counts.length + 1);
  for (const [index, count] of counts.entries()) sums[index + 1] = (sums[index] ?? 0) + count;
  return sums;
}
