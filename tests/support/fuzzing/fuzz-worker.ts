/** Feeds one target with mutants; the main thread watches whether it gets on. */
import { parentPort, workerData } from "node:worker_threads";
import { seeded } from "../base/seeded.ts";
import { TARGETS } from "./targets.ts";

/** What the main thread hands over. */
export interface FuzzTask {
  readonly target: string;
  readonly seed: number;
  /** Mutants of these numbers. */
  readonly from: number;
  readonly to: number;
  /** The number of the mutant in work, for the main thread to see. */
  readonly progress: Int32Array;
}

/** What comes back: a finding at once, the end with what was accepted. */
export type FuzzMessage =
  | { readonly kind: "finding"; readonly index: number; readonly what: string }
  | { readonly kind: "done"; readonly accepted: number };

const { target: name, seed, from, to, progress }: FuzzTask = workerData;
const prototypes = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  Map.prototype,
  Uint8Array.prototype,
];
const intact = prototypes.map((prototype) => Reflect.ownKeys(prototype).length);

const target = await TARGETS[name]?.open();
if (target === undefined) throw new Error(`no target ${name}`);
let accepted = 0;
for (let index = from; index < to; index++) {
  Atomics.store(progress, 0, index);
  const random = seeded(seed + Math.imul(index, 0x9e3779b1));
  try {
    if (await target.feed(target.make(random))) accepted++;
  } catch (error) {
    send({
      kind: "finding",
      index,
      what: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
  prototypes.forEach((prototype, which) => {
    if (Reflect.ownKeys(prototype).length === intact[which]) return;
    send({ kind: "finding", index, what: "a prototype that everything shares was changed" });
  });
}
target.close?.();
send({ kind: "done", accepted });

function send(message: FuzzMessage): void {
  parentPort?.postMessage(message);
}
