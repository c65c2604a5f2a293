import type { DetectorFault } from "../errors.ts";
import type { EngineSource } from "./engine-source.ts";

/** Prepares a module to run in this thread. Called once. */
export type InstallModule = (source: EngineSource) => Promise<StartEngine>;

/** Starts a guest. May be called again when the previous guest has ended. */
export type StartEngine = () => Promise<Engine>;

/** Runs a guest inside a detector thread. It is discarded after its first fault. */
export interface Engine {
  /**
   * @param request one whole request (see module-format.ts). Call again only after the reply.
   * @returns the whole reply. Its length has been checked against its header, its content has not.
   * @throws DetectorFault, never `deadline`: the main thread watches the deadline.
   */
  infer(request: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  /** Resolves with the first fault, even between two frames. Pending while the guest works. */
  readonly ended: Promise<DetectorFault>;
}
