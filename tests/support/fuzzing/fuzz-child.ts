/** Feeds one target with mutants, in a process of its own. The parent monitors the progress. */
import { openSync, writeSync } from "node:fs";
import { seeded } from "../base/seeded.ts";
import { TARGETS } from "./targets.ts";

/** The task from the parent. */
export interface FuzzTask {
  readonly target: string;
  readonly seed: number;
  /** Range of mutants. */
  readonly from: number;
  readonly to: number;
  /** The file that tells the parent two Int32: the current mutant, and the number of accepted mutants before it. */
  readonly progress: string;
}

/** A mutant that caused undocumented behaviour. `fuzz(target, seed, {from: index, to: index + 1})` repeats it. */
export interface Finding {
  readonly index: number;
  readonly what: string;
}

const prototypes = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  Map.prototype,
  Uint8Array.prototype,
];

async function feedAll({ target: name, seed, from, to, progress }: FuzzTask): Promise<void> {
  const intact = prototypes.map((prototype) => Reflect.ownKeys(prototype).length);
  const target = await TARGETS[name]?.open();
  if (target === undefined) throw new Error(`unknown target ${name}`);
  const file = openSync(progress, "r+");
  let accepted = 0;
  for (let index = from; index < to; index++) {
    // A message would wait until the event loop is free, which a mutant that hangs prevents.
    writeSync(file, Int32Array.of(index, accepted), 0, 8, 0);
    const random = seeded(seed + Math.imul(index, 0x9e3779b1));
    try {
      if (await target.feed(target.make(random))) accepted++;
    } catch (error) {
      report({ index, what: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
    prototypes.forEach((prototype, which) => {
      if (Reflect.ownKeys(prototype).length === intact[which]) return;
      report({ index, what: "a built-in prototype was changed" });
    });
  }
  writeSync(file, Int32Array.of(to, accepted), 0, 8, 0);
  target.close?.();
  process.disconnect();
}

function report(finding: Finding): void {
  process.send?.(finding);
}

process.once("message", (task: FuzzTask) => void feedAll(task));
