import type { DetectorFault } from "../errors.ts";
import type { EngineSource } from "./engine-source.ts";

/** Makes a module ready to be run in this thread, once. */
export type InstallModule = (source: EngineSource) => Promise<StartEngine>;

/** Starts a guest; another one when the last has ended. */
export type StartEngine = () => Promise<Engine>;

/** Something that runs a detector module inside a detector thread. After its first fault it is thrown away. */
export interface Engine {
  /**
   * @param request one whole request (DESIGN section 3). One at a time.
   * @returns the whole reply, its length checked against its header, its content not.
   * @throws DetectorFault (never `deadline`: the main thread keeps it).
   */
  infer(request: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  /** Resolves with the first fault, also with one between two frames; pending for ever while all is well. */
  readonly ended: Promise<DetectorFault>;
}
