/** The whole compiler: graph → passes → (integers) → memory plan → module. */
import type { ModelDescription } from "../module-format.ts";
import { describe } from "./describe.ts";
import { emitModule, memoryRequest } from "./emit.ts";
import type { Graph, ImportedModel } from "./graph/graph.ts";
import { verify } from "./graph/verify.ts";
import { type MemoryPlan, planMemory } from "./memory/plan.ts";
import { runPasses } from "./passes/index.ts";
import { type Quantization, quantize } from "./quantize/quantize.ts";
import type { Target } from "./target.ts";

export interface CompileOptions {
  /** Where the weights came from, for the description. */
  readonly source: ModelDescription["source"];
  /** How new the module is among those of its name; left out of the description when not given. */
  readonly release?: number | undefined;
  /** `simd128` when not given. */
  readonly target?: Target;
  /** How numbers are stored: floats when not given, or integers for feature maps of these ranges. */
  readonly quantization?: Quantization | undefined;
  /** Told after every stage, with the graph as it is then. */
  readonly onStage?: (name: string, graph: Graph) => void;
  /** A test build: the head's inputs are there for every cell, and stay readable after an inference, where `plan` says. */
  readonly keepLogits?: boolean;
}

export interface CompiledModel {
  readonly bytes: Uint8Array;
  readonly description: ModelDescription;
  /** The graph that the module was made of, and where each of its values lies. */
  readonly graph: Graph;
  readonly plan: MemoryPlan;
}

/** Compiles an imported model to one self-contained module. */
export function compile(
  model: ImportedModel,
  { source, release, target = "simd128", quantization, onStage, keepLogits = false }: CompileOptions,
): CompiledModel {
  const keep = keepLogits ? (model.graph.nodes.at(-1)?.inputs ?? []) : [];
  const floats = runPasses(model.graph, onStage, keep);
  const graph = quantization === undefined ? floats : quantize(floats, quantization);
  if (quantization !== undefined) {
    verify(graph);
    onStage?.("quantize", graph);
  }
  const plan = planMemory(graph, memoryRequest(graph, keep));
  const description = describe(model, graph, target, quantization?.precision ?? "f32", { source, release });
  const bytes = emitModule(graph, plan, target, description);
  return { bytes, description, graph, plan };
}
