import type { DetectorFaultKind, DetectorOptions } from "../contract.ts";
import type { DetectorFault } from "../errors.ts";

/** Logs the first fault of each kind and the recovery of one instance, not every fault. */
export class FaultLog {
  readonly #name: string;
  readonly #log: NonNullable<DetectorOptions["log"]>;
  readonly #loggedKinds = new Set<DetectorFaultKind>();
  #faults = 0;

  constructor(name: string, log: NonNullable<DetectorOptions["log"]>) {
    this.#name = name;
    this.#log = log;
  }

  failed(fault: DetectorFault): void {
    this.#faults += 1;
    if (this.#loggedKinds.has(fault.kind)) return;
    this.#loggedKinds.add(fault.kind);
    this.#log({
      level: "warn",
      message: `${this.#name} failed (${fault.kind}): ${fault.message}. It is restarting.`,
    });
  }

  replied(): void {
    if (this.#faults === 0) return;
    const faults = this.#faults === 1 ? "one fault" : `${this.#faults} faults`;
    this.#log({ level: "info", message: `${this.#name} has recovered after ${faults}.` });
    this.#faults = 0;
    this.#loggedKinds.clear();
  }
}
