import { multiplicationsOf } from "../../../detectors/compiler/graph/facts.ts";
import { elements } from "../../../detectors/compiler/ops/shapes.ts";
import type { CompiledTensors } from "../../../scripts/conformance/compile-onnx.ts";
import { runLibrary } from "../../../scripts/conformance/run-library.ts";

/** Work of one inference that takes far less than a second, and a size that is quickly given back. */
const MOST_WORK = 2 ** 22;
const MOST_BYTES = 64 * 2 ** 20;

/** Validates a compiled module, and runs a small one. @throws Error, a finding, when it is invalid or traps. */
export function runOnce(compiled: CompiledTensors): void {
  if (!WebAssembly.validate(Uint8Array.from(compiled.bytes))) throw new Error("the module is invalid");
  const { graph } = compiled;
  const values = [...graph.values.values()].reduce((sum, { shape }) => sum + elements(shape), 0);
  const work = graph.nodes.reduce((sum, node) => sum + multiplicationsOf(node, graph), values);
  if (work > MOST_WORK || compiled.bytes.length > MOST_BYTES) return;
  runLibrary(compiled, new Map());
}
