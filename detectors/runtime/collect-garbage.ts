import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Collects this thread's garbage now. Starting an engine leaves copies of the module and of the SDK behind (12 MB for
 * YOLOv5n), and a detector thread afterwards allocates so little that V8 would keep them for hours.
 */
export function collectGarbage(): void {
  // Node offers `gc` only by a flag, which holds for contexts made while it is set. It belongs to the whole process:
  // where another thread resets it in between there is no `gc` here, and the garbage stays until V8 wants the memory.
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("globalThis.gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof gc === "function") gc();
}
