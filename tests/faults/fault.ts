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
