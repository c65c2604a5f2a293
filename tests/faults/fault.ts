/** A row of the table that `npm run test:faults` prints. */
export interface Fault {
  /** The fault. */
  readonly fault: string;
  /** The default number of repetitions. */
  readonly times: number;
  /** What this machine lacks for the test; undefined: nothing. */
  lacks(): string | undefined;
  /**
   * Causes the fault `times` times while the agent publishes events.
   * @param hurry waits as briefly as the fault allows: for CI
   * @throws Error if a condition cannot be checked
   */
  inflict(times: number, hurry: boolean): Promise<FaultResult>;
}

export interface FaultResult {
  /** The number of lost events (or frames or inputs, depending on the fault). */
  readonly lost: number;
  /** Other violated conditions, in words. */
  readonly broken: readonly string[];
  /** Further figures. */
  readonly [figure: string]: unknown;
}

/**
 * Inflicts a fault repeatedly.
 * @returns the sum of the losses, all violations, and the largest value of each figure
 */
export async function repeated(times: number, once: () => Promise<FaultResult>): Promise<FaultResult> {
  const results: FaultResult[] = [];
  for (let time = 0; time < times; time++) results.push(await once());
  const figures = new Map<string, number>();
  for (const { lost: _lost, broken: _broken, ...others } of results) {
    for (const [name, value] of Object.entries(others))
      figures.set(name, Math.max(figures.get(name) ?? Number.NEGATIVE_INFINITY, Number(value)));
  }
  return {
    lost: results.reduce((sum, { lost }) => sum + lost, 0),
    broken: results.flatMap(({ broken }) => broken),
    ...Object.fromEntries(figures),
  };
}
