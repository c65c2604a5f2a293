import type { DetectorFaultKind, DetectorOptions } from "../contract.ts";
import type { DetectorFault } from "../errors.ts";

/** Tells the log about one instance: the first fault of each kind, and the recovery; not every fault. */
export class FaultLog {
  readonly #name: string;
  readonly #log: NonNullable<DetectorOptions["log"]>;
  readonly #told = new Set<DetectorFaultKind>();
  #faults = 0;

  constructor(name: string, log: NonNullable<DetectorOptions["log"]>) {
    this.#name = name;
    this.#log = log;
  }

  failed(fault: DetectorFault): void {
    this.#faults += 1;
    if (this.#told.has(fault.kind)) return;
    this.#told.add(fault.kind);
    this.#log({
      level: "warn",
      message: `${this.#name} failed (${fault.kind}): ${fault.message}. It is being started again.`,
    });
  }

  answered(): void {
    if (this.#faults === 0) return;
    const faults = this.#faults === 1 ? "one fault" : `${this.#faults} faults`;
    this.#log({ level: "info", message: `${this.#name} answers again after ${faults}.` });
    this.#faults = 0;
    this.#told.clear();
  }
}
