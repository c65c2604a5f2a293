/** Feeds one target with mutants. The main thread monitors the progress. */
import { parentPort, workerData } from "node:worker_threads";
import { seeded } from "../base/seeded.ts";
import { TARGETS } from "./targets.ts";

/** The task from the main thread. */
export interface FuzzTask {
  readonly target: string;
  readonly seed: number;
  /** Range of mutants. */
  readonly from: number;
  readonly to: number;
  /** Index of the current mutant, shared with the main thread. */
  readonly progress: Int32Array;
}

/** Messages to the main thread: each finding, and the number of accepted mutants at the end. */
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
if (target === undefined) throw new Error(`unknown target ${name}`);
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
    send({ kind: "finding", index, what: "a built-in prototype was changed" });
  });
}
target.close?.();
send({ kind: "done", accepted });

function send(message: FuzzMessage): void {
  parentPort?.postMessage(message);
}
