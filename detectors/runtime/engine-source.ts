import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Runtime } from "../contract.ts";
import type { LoadedModule } from "./module.ts";

/** What a thread starts its engine from. Shared by all threads of a detector, the restarted ones too. */
export type EngineSource = {
  /**
   * The module, checked and compiled. Wasmer compiles the bytes itself; but as long as somebody holds a module of the
   * same bytes, V8 gives it this one, with the code it has optimised so far.
   */
  readonly module: WebAssembly.Module;
} & (
  | { readonly runtime: "v8" }
  | {
      readonly runtime: "wasmer";
      readonly bytes: Uint8Array;
      /** The Wasmer SDK itself, compiled. */
      readonly sdk: WebAssembly.Module;
    }
);

/** Prepares what every start of an engine has in common, while the module may still be on its way. */
export async function prepareEngine(
  loading: LoadedModule | Promise<LoadedModule>,
  runtime: Runtime,
): Promise<EngineSource> {
  if (runtime === "v8") return { runtime, module: (await loading).module };
  const [{ module, bytes }, sdk] = await Promise.all([loading, compileWasmerSdk()]);
  return { runtime, module, bytes, sdk };
}

/**
 * Compiles the Wasmer SDK, a WebAssembly module of 4.6 MB, outside the threads. As long as somebody holds it, V8 keeps
 * the code it has optimised, and a restarted thread begins with that: half the CPU time of a restart (910 → 450 ms).
 */
async function compileWasmerSdk(): Promise<WebAssembly.Module> {
  const entry = createRequire(import.meta.url).resolve("@wasmer/sdk/node");
  return WebAssembly.compile(await readFile(join(entry, "../../pkg/wasmer_sdk_js_bg.wasm")));
}
