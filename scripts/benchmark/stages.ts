/** When the stages of a detector's start were over: milliseconds from the start of the process. */
export interface Stages {
  /** Node itself. */
  readonly node: number;
  /** The program's modules. */
  readonly program: number;
  /** The detector module is read, checked and compiled by V8; its thread is starting meanwhile. */
  readonly module: number;
  /** The Wasmer SDK is compiled, where it is used. */
  readonly sdk: number;
  /** The thread has its engine and a guest. */
  readonly ready: number;
  readonly first: number;
  /** What a later answer took, by itself. */
  readonly later: number;
}
