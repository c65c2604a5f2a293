import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Runtime } from "../contract.ts";
import type { LoadedModule } from "./module.ts";
import { ioOf, type ModuleIo } from "./module-io.ts";

/** The input of an engine's start. All threads of a detector share it, restarted ones included. */
export type EngineSource = {
  /**
   * The module, checked and compiled. Wasmer compiles the bytes itself, but V8 caches modules by their bytes: while this
   * one is referenced, Wasmer gets it, with the code that V8 has optimised so far.
   */
  readonly module: WebAssembly.Module;
  readonly io: ModuleIo;
} & (
  | { readonly runtime: "v8" }
  | {
      readonly runtime: "wasmer";
      readonly bytes: Uint8Array;
      /** The Wasmer SDK itself, compiled. */
      readonly sdk: WebAssembly.Module;
    }
);

/** Prepares what all starts of an engine share. The module may still be loading. */
export async function prepareEngine(
  loading: LoadedModule | Promise<LoadedModule>,
  runtime: Runtime,
): Promise<EngineSource> {
  if (runtime === "v8") {
    const { module, info } = await loading;
    return { runtime, module, io: ioOf(info) };
  }
  const [{ module, bytes, info }, sdk] = await Promise.all([loading, compileWasmerSdk()]);
  return { runtime, module, io: ioOf(info), bytes, sdk };
}

/**
 * Compiles the Wasmer SDK, a WebAssembly module of 4.6 MB, outside the threads. While the result is referenced, V8 keeps
 * its optimised code, and a restarted thread starts with it. This halves the CPU time of a restart (910 → 450 ms).
 */
async function compileWasmerSdk(): Promise<WebAssembly.Module> {
  const entry = createRequire(import.meta.url).resolve("@wasmer/sdk/node");
  return WebAssembly.compile(await readFile(join(entry, "../../pkg/wasmer_sdk_js_bg.wasm")));
}
