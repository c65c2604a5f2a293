import type { LoadedConfig } from "../../config/load.ts";
import type { Finding } from "./finding.ts";

/** Describes a valid configuration. */
export function describeConfig({ config, file }: LoadedConfig): Finding {
  if (config.cameras.some(({ enabled }) => enabled)) return { words: file };
  const message = "no camera is enabled: the agent has nothing to watch";
  return { words: file, advice: [{ message, remedy: "Set enabled: true for a camera." }] };
}
