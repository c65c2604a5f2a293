/** A row of the table that `npm run test:faults` prints. */
export interface Fault {
  /** What is done to the agent. */
  readonly fault: string;
  /** How often, where nobody says otherwise. */
  readonly times: number;
  /** What this machine lacks for it; undefined: nothing. */
  lacks(): string | undefined;
  /**
   * Does it `times` times while events flow.
   * @param hurry waits as briefly as the fault allows: for CI
   * @throws Error that tells what does not hold
   */
  inflict(times: number, hurry: boolean): Promise<FaultResult>;
}

export interface FaultResult {
  /** Events (or frames, inputs: what the row counts) that were lost. */
  readonly lost: number;
  /** Everything else that must hold and does not, in words. */
  readonly broken: readonly string[];
  /** Figures worth a look. */
  readonly [figure: string]: unknown;
}
