/** Chooses the limit at which the numbers of a feature map are clipped. */
import { type Histogram, magnitudes } from "./histogram.ts";

/**
 * The magnitude below which a fraction of the numbers lies.
 * @param share 0..1, of all observed numbers
 */
export function percentileLimit(histogram: Histogram, share: number): number {
  const counts = magnitudes(histogram);
  const needed = counts.reduce((sum, count) => sum + count, 0) * share;
  let reached = 0;
  const step = counts.findIndex((count) => {
    reached += count;
    return count > 0 && reached >= needed;
  });
  return ((step < 0 ? counts.length : step + 1) * histogram.limit) / counts.length;
}

/**
 * The clipping limit with the smallest Kullback–Leibler divergence between the numbers and their quantization to `levels`
 * magnitudes (Migacz, "8-bit Inference with TensorRT", GPU Technology Conference 2017).
 * @param levels 128 for 8 bits
 */
export function entropyLimit(histogram: Histogram, levels: number): number {
  const counts = magnitudes(histogram);
  const used = counts.findLastIndex((count) => count > 0) + 1;
  const lossOf = clippingLoss(counts, levels);
  let best = { loss: Number.POSITIVE_INFINITY, steps: used };
  for (let steps = Math.min(levels, used); steps <= used; steps++) {
    const loss = lossOf(steps);
    // Of equal losses, the widest limit clips least.
    if (loss <= best.loss) best = { loss, steps };
  }
  return (best.steps * histogram.limit) / counts.length;
}

/** Replaces a probability of zero, whose logarithm is infinite. */
const MIN_PROBABILITY = 1e-9;

/**
 * steps → KL(P ‖ Q). P: the counts of the first steps, with all clipped counts added to the last. Q: the same counts without
 * the clipped ones, those of each level spread evenly over its non-empty steps.
 *
 * With N counts in total, KL = Σ p·ln p − Σ p·ln q = (Σ c·ln c − Σ c·ln q) / N − ln N. Within a level q is constant, so that
 * prefix sums leave one logarithm per level.
 */
function clippingLoss(counts: Float64Array, levels: number): (steps: number) => number {
  const sums = prefixSums(counts);
  const filled = prefixSums(counts.map((count) => (count > 0 ? 1 : 0)));
  const ownLogs = prefixSums(counts.map(timesLog));
  const between = (upTo: Float64Array, from: number, to: number) => (upTo[to] ?? 0) - (upTo[from] ?? 0);
  return (steps) => {
    const kept = sums[steps] ?? 0;
    const beyond = between(sums, steps, counts.length);
    const all = kept + beyond;
    const own = (ownLogs[steps - 1] ?? 0) + timesLog((counts[steps - 1] ?? 0) + beyond);
    let cross = 0;
    let last = MIN_PROBABILITY;
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

/** Prefix sums: element i is the sum of the first i counts. */
function prefixSums(counts: Float64Array): Float64Array {
  const sums = new Float64Array(counts.length + 1);
  for (const [index, count] of counts.entries()) sums[index + 1] = (sums[index] ?? 0) + count;
  return sums;
}
