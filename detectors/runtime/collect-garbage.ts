import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Collects this thread's garbage now. Starting an engine leaves copies of the module and of the SDK behind (12 MB for
 * YOLOv5n). A detector thread then allocates so little that V8 would keep them for hours.
 */
export function collectGarbage(): void {
  // Node offers `gc` only in contexts that are created while a flag is set. The flag belongs to the whole process: if
  // another thread resets it in between, there is no `gc` here, and the garbage stays until V8 needs the memory.
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("globalThis.gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof gc === "function") gc();
}
