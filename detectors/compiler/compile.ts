/** The whole compiler: graph → passes → (quantization) → memory plan → module. */
import type { DetectDescription, SourceSpec } from "../module-format.ts";
import { describe } from "./describe.ts";
import { emitModule, memoryRequest } from "./emit.ts";
import type { Graph, ImportedModel } from "./graph/graph.ts";
import { verify } from "./graph/verify.ts";
import { type MemoryPlan, planMemory } from "./memory/plan.ts";
import { runPasses } from "./passes/index.ts";
import { type Quantization, quantize } from "./quantize/quantize.ts";
import type { Target } from "./target.ts";

export interface CompileOptions {
  /** Where the weights come from, for the description. */
  readonly source: SourceSpec;
  /** Release number of the module; omitted from the description when not given. */
  readonly release?: number | undefined;
  /** When objects count as real; omitted from the description when not given. */
  readonly filters?: DetectDescription["filters"] | undefined;
  /** `simd128` when not given. */
  readonly target?: Target;
  /** How to store feature maps and weights as integers; they stay floats when not given. */
  readonly quantization?: Quantization | undefined;
  /** Called after every stage with its graph. */
  readonly onStage?: (name: string, graph: Graph) => void;
  /** For tests: computes the head's inputs for every cell and keeps them after an inference, at the addresses in `plan`. */
  readonly keepLogits?: boolean;
}

export interface CompiledModel {
  readonly bytes: Uint8Array;
  readonly description: DetectDescription;
  /** The graph after all passes, and the addresses of its values. */
  readonly graph: Graph;
  readonly plan: MemoryPlan;
}

/** Compiles an imported model to a self-contained module. */
export function compile(
  model: ImportedModel,
  { source, release, filters, target = "simd128", quantization, onStage, keepLogits = false }: CompileOptions,
): CompiledModel {
  const keep = keepLogits ? (model.graph.nodes.at(-1)?.inputs ?? []) : [];
  const floats = runPasses(model.graph, onStage, keep);
  const graph = quantization === undefined ? floats : quantize(floats, quantization);
  if (quantization !== undefined) {
    verify(graph);
    onStage?.("quantize", graph);
  }
  const plan = planMemory(graph, memoryRequest(graph, keep));
  const description = describe(model, graph, target, quantization?.precision ?? "f32", {
    source,
    release,
    filters,
  });
  const bytes = emitModule(graph, plan, target, description);
  return { bytes, description, graph, plan };
}
