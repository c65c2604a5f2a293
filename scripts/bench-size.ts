/**
 * Measures the size of modules, the memory they need, and the time to compile them.
 *
 *   npm run -s bench:size -- --sizes 640x640,320x320 [--json]
 *
 * The time is that of the whole `compile` command, from the start of its process to the exit.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { findModel } from "./materials.ts";

const MAIN = fileURLToPath(new URL("../agent/main.ts", import.meta.url));
const SOURCES = ["yolov5n.pt", "yolov5n.onnx"];

interface Row {
  readonly source: string;
  /** `640x640`: width × height of the model input. */
  readonly size: string;
  readonly module_mb: number;
  readonly memory_mb: number;
  readonly compile_ms: number;
}

const options = new Command("bench:size")
  .description("Measures the size of modules and the time to compile them.")
  .option("--sizes <WxH,…>", "model input sizes", "640x640,640x384,320x320")
  .option("--json", "print one line of JSON per row", false)
  .parse()
  .opts<{ readonly sizes: string; readonly json: boolean }>();

const folder = mkdtempSync(join(tmpdir(), "sabrewing-bench-"));
try {
  for (const source of SOURCES) {
    const path = findModel(source);
    if (path === undefined)
      throw new Error(`${source} not found: put it into $SABREWING_HOME or ../shared/models`);
    for (const size of options.sizes.split(",")) print(measure(source, path, size));
  }
} finally {
  rmSync(folder, { recursive: true });
}

function measure(source: string, path: string, size: string): Row {
  const out = join(folder, "detector.wasm");
  const startedMs = performance.now();
  sabrewing("compile", path, "-o", out, "--size", size, "--json");
  const compileMs = performance.now() - startedMs;
  const { bytes, memoryBytes } = JSON.parse(sabrewing("inspect", out, "--json"));
  return {
    source,
    size,
    module_mb: megabytes(bytes),
    memory_mb: megabytes(memoryBytes),
    compile_ms: Math.round(compileMs),
  };
}

function sabrewing(...args: string[]): string {
  return execFileSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

function print(row: Row): void {
  const { source, size, module_mb, memory_mb, compile_ms } = row;
  const text = `${source.padEnd(12)}  ${size}  ${module_mb} MB, memory ${memory_mb} MB, compiled in ${compile_ms} ms`;
  console.log(options.json ? JSON.stringify(row) : text);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e4) / 100;
}
