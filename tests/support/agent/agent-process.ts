import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CompileFileOptions, compileFile } from "../../../detectors/compiler/compile-file.ts";
import { startAgentProcess } from "../../../scripts/demonstration/agent.ts";
import type { AgentSettings } from "../../../scripts/demonstration/agent-config.ts";
import type { Child } from "../../../scripts/demonstration/child.ts";

const MAIN = fileURLToPath(new URL("../../../agent/main.ts", import.meta.url));

/** A line of the agent's log. */
export interface LogEntry {
  readonly level: string;
  readonly msg: string;
  readonly camera?: string;
}

/** An agent in its own process, and its log so far. */
export interface AgentProcess extends AsyncDisposable {
  readonly process: Child;
  readonly log: readonly LogEntry[];
}

export interface AgentOptions {
  /** The command line that starts the program. Default: from the sources. */
  readonly sabrewing?: readonly [program: string, ...words: string[]];
  /** How the weights are compiled. Default: f32 with a small input, which is fast. */
  readonly compiled?: Pick<CompileFileOptions, "size" | "precision" | "target">;
}

/**
 * Compiles the weights and runs the agent with them.
 * @param weights path of the `.pt`, `.onnx` or `model.json` file
 */
export async function startAgent(
  weights: string,
  settings: Omit<AgentSettings, "modulePath">,
  {
    sabrewing = [process.execPath, MAIN],
    compiled = { size: { width: 320, height: 192 } },
  }: AgentOptions = {},
): Promise<AgentProcess> {
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-model-"));
  const modulePath = join(folder, "detector.wasm");
  const { bytes } = await compileFile(weights, compiled);
  writeFileSync(modulePath, bytes);
  const log: LogEntry[] = [];
  const agent = startAgentProcess(sabrewing, { ...settings, modulePath }, (line) => {
    if (line.startsWith("{")) log.push(JSON.parse(line) as LogEntry);
  });
  return {
    process: agent,
    log,
    [Symbol.asyncDispose]: async () => {
      await agent.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
