/** When the stages of a detector's start ended: milliseconds from the start of the process. */
export interface Stages {
  /** Node itself. */
  readonly node: number;
  /** The program's modules. */
  readonly program: number;
  /** V8 has read, checked and compiled the detector module; its thread starts meanwhile. */
  readonly module: number;
  /** The Wasmer SDK is compiled, if it is used. */
  readonly sdk: number;
  /** The thread has its engine and a guest. */
  readonly ready: number;
  readonly first: number;
  /** Duration of a later inference. */
  readonly later: number;
}
