/** The whole compiler: graph → passes → (integers) → memory plan → module. */
import type { ModelDescription } from "../module-format.ts";
import { emitModule, memoryRequest } from "./emit.ts";
import type { Graph, ImportedModel } from "./graph/graph.ts";
import { verify } from "./graph/verify.ts";
import { type MemoryPlan, planMemory } from "./memory/plan.ts";
import { runPasses } from "./passes/index.ts";
import { type Quantization, quantize } from "./quantize/quantize.ts";
import { featuresOf, type Target } from "./target.ts";

/** Written into every module. */
const COMPILER_VERSION = "0.1.0";

export interface CompileOptions {
  /** Where the weights came from, for the description. */
  readonly source: ModelDescription["source"];
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
  { source, target = "simd128", quantization, onStage, keepLogits = false }: CompileOptions,
): CompiledModel {
  const keep = keepLogits ? (model.graph.nodes.at(-1)?.inputs ?? []) : [];
  const floats = runPasses(model.graph, onStage, keep);
  const graph = quantization === undefined ? floats : quantize(floats, quantization);
  if (quantization !== undefined) {
    verify(graph);
    onStage?.("quantize", graph);
  }
  const plan = planMemory(graph, memoryRequest(graph, keep));
  const description = describe(model, graph, target, quantization?.precision ?? "f32", source);
  const bytes = emitModule(graph, plan, target, description);
  return { bytes, description, graph, plan };
}

function describe(
  model: ImportedModel,
  graph: Graph,
  target: Target,
  precision: ModelDescription["precision"],
  source: ModelDescription["source"],
): ModelDescription {
  const [height = 0, width = 0] = graph.values.get(graph.input)?.shape ?? [];
  return {
    abi: 1,
    task: "detect",
    name: model.name,
    input: { width, height, channels: 3, dtype: "u8", layout: "hwc" },
    labels: model.labels,
    precision,
    features: featuresOf(target),
    source,
    compiler: { version: COMPILER_VERSION },
  };
}
