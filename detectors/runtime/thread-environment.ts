import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";

/**
 * The environment variables of a detector's thread. It gets none of the agent's variables, which hold passwords. A thread
 * does not inherit the process's compile cache, so the variable for it is set.
 */
export function threadEnvironment(): NodeJS.ProcessEnv {
  // The folder in use is a subfolder, named for the Node version, of the configured one.
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}
