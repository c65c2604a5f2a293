import { Option } from "commander";

/** The option `--model FILE` of commands that use a detector. */
export function modelOption(): Option {
  const text = "detector module (default: the configured one, else the newest in $SABREWING_HOME)";
  return new Option("-m, --model <file>", text);
}

/** The option `--runtime NAME`, without a default. */
export function runtimeOption(): Option {
  return new Option("--runtime <name>", "WebAssembly engine").choices(["wasmer", "v8"]);
}
