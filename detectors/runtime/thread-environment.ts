import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";

/**
 * The environment of a detector's thread: none of the agent's, where its passwords are. Where the process keeps compiled
 * JavaScript, a thread is told, since it would not know by itself.
 */
export function threadEnvironment(): NodeJS.ProcessEnv {
  // Node's folder for this version lies in the one that was asked for.
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}
