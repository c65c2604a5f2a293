/** A contestant in its own process. All times in milliseconds, memory in megabytes (10⁶). */
export interface Racer extends AsyncDisposable {
  load(): Promise<number>;
  infer(): Promise<number>;
  rss(): Promise<number>;
}

/** The figures of one contestant. */
export interface Result {
  readonly loadMs: number;
  readonly firstMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly rssMb: number;
}

/** Inferences after the first that are not counted: engines still optimise then. */
const WARM_UP_ROUNDS = 5;

/**
 * Runs all contestants in turn, round by round, so that other load of the machine affects them equally. When one fails, the
 * others continue.
 * @param racers by name
 * @returns by name the result, or the error of a contestant that failed
 */
export async function race(
  racers: ReadonlyMap<string, Racer>,
  rounds: number,
): Promise<ReadonlyMap<string, Result | Error>> {
  const running = new Map(racers);
  const results = new Map<string, Result | Error>();
  const seen = new Map<string, { loadMs: number; timesMs: number[] }>();

  async function eachInTurn(step: (racer: Racer, name: string) => Promise<void>): Promise<void> {
    for (const [name, racer] of running) {
      try {
        await step(racer, name);
      } catch (error) {
        running.delete(name);
        results.set(name, error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  await eachInTurn(async (racer, name) => {
    seen.set(name, { loadMs: await racer.load(), timesMs: [] });
  });
  for (let round = 0; round < 1 + WARM_UP_ROUNDS + rounds; round++) {
    await eachInTurn(async (racer, name) => {
      seen.get(name)?.timesMs.push(await racer.infer());
    });
  }
  await eachInTurn(async (racer, name) => {
    const { loadMs, timesMs } = seen.get(name) ?? { loadMs: Number.NaN, timesMs: [] };
    const counted = timesMs.slice(1 + WARM_UP_ROUNDS).sort((a, b) => a - b);
    results.set(name, {
      loadMs,
      firstMs: timesMs[0] ?? Number.NaN,
      p50Ms: percentile(counted, 0.5),
      p90Ms: percentile(counted, 0.9),
      rssMb: await racer.rss(),
    });
  });
  return results;
}

/** The smallest value with at least this share of the sorted values at or below it (nearest rank). */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The median; of an even number of values the mean of the two in the middle. undefined for no values. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [percentile(sorted, 0.5), percentile(sorted, 0.5 + 1 / (2 * sorted.length))];
  return sorted.length % 2 === 1 ? low : (low + high) / 2;
}
