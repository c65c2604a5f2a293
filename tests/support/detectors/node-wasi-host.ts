/** Runs a module's `_start` in node:wasi on this process's standard input and output. */
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [path = ""] = process.argv.slice(2);
const wasi = new WASI({ version: "preview1" });
const module = await WebAssembly.compile(await readFile(path));
const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi.wasiImport });
process.exitCode = wasi.start(instance);
