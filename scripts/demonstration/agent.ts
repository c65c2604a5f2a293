import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AgentSettings, agentConfig, PASSWORD_VARIABLE } from "./agent-config.ts";
import { type Child, startChild } from "./child.ts";

/**
 * Starts the agent in its own process, with a configuration file that is removed when the process has ended.
 * @param sabrewing the command line that starts the program
 * @param onLine called with every line of its log
 */
export function startAgentProcess(
  sabrewing: readonly [program: string, ...args: string[]],
  settings: AgentSettings,
  onLine: (line: string) => void,
): Child {
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-agent-"));
  const configPath = join(folder, "sabrewing.yml");
  writeFileSync(configPath, agentConfig({ stateDirectory: join(folder, "state"), ...settings }));
  const [program, ...args] = sabrewing;
  const { password } = settings.broker;
  const child = startChild("the agent", [program, ...args, "run", "-c", configPath], {
    env: password === undefined ? {} : { [PASSWORD_VARIABLE]: password },
    onLine,
  });
  child.ended.then(() => rmSync(folder, { recursive: true }));
  return child;
}
