/** The whole compiler: graph → passes → (quantization) → memory plan → module. */
import { ModelError } from "../errors.ts";
import type { DetectDescription, SourceSpec, TensorDescription } from "../module-format.ts";
import { describe } from "./describe.ts";
import { emitModule, memoryRequest } from "./emit.ts";
import { factsOf, multiplicationsOf } from "./graph/facts.ts";
import type { Graph, ImportedDetector, ImportedModel, ImportedTensors } from "./graph/graph.ts";
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

/** The descriptions that the compiler writes. */
export type CompiledDescription = DetectDescription | TensorDescription;

export interface CompiledModel<Description extends CompiledDescription = CompiledDescription> {
  readonly bytes: Uint8Array;
  readonly description: Description;
  /** The graph after all passes, and the addresses of its values. */
  readonly graph: Graph;
  readonly plan: MemoryPlan;
}

/** `int8` for a network that computes with the integers of its file. */
function ownPrecision({ nodes }: Graph): "f32" | "int8" {
  return nodes.some((node) => factsOf(node).integers === "computes") ? "int8" : "f32";
}

/** Every engine has 2 GB. The largest YOLOv5 at the largest size needs a little more, and an engine that has 4. */
const MAX_MEMORY_BYTES = { detect: 2 ** 32, tensor: 2 ** 31 } as const;

/**
 * Compiles an imported model to a self-contained module.
 * @throws ModelError when the description or the memory of a module cannot hold it.
 */
export function compile(model: ImportedDetector, options: CompileOptions): CompiledModel<DetectDescription>;
export function compile(model: ImportedTensors, options: CompileOptions): CompiledModel<TensorDescription>;
export function compile(model: ImportedModel, options: CompileOptions): CompiledModel;
export function compile(
  model: ImportedModel,
  { source, release, filters, target = "simd128", quantization, onStage, keepLogits = false }: CompileOptions,
): CompiledModel {
  requirePossibleWork(model.graph);
  const keep = keepLogits ? (model.graph.nodes.at(-1)?.inputs ?? []) : [];
  const floats = runPasses(model.graph, onStage, keep);
  const graph = quantization === undefined ? floats : quantize(floats, quantization);
  if (quantization !== undefined) {
    verify(graph);
    onStage?.("quantize", graph);
  }
  const plan = planMemory(graph, memoryRequest(graph, keep));
  const mostBytes = MAX_MEMORY_BYTES[model.task];
  if (plan.endAddress > mostBytes) {
    throw new ModelError(
      `The model needs ${Math.ceil(plan.endAddress / 2 ** 20)} MB of memory; a module can have ${mostBytes / 2 ** 20} MB.`,
      "Compile or export it for smaller inputs.",
    );
  }
  const description = describe(model, graph, target, quantization?.precision ?? ownPrecision(graph), {
    source,
    release,
    filters,
  });
  const bytes = emitModule(graph, plan, target, description);
  return { bytes, description, graph, plan };
}

/** About a quarter of an hour on one core; a model for small devices needs a thousandth. */
const MAX_MULTIPLICATIONS = 2 ** 42;

/** @throws ModelError for a model that no device could run. */
function requirePossibleWork(graph: Graph): void {
  const count = graph.nodes.reduce((sum, node) => sum + multiplicationsOf(node, graph), 0);
  if (count <= MAX_MULTIPLICATIONS) return;
  throw new ModelError(
    `One inference takes ${count.toExponential(1)} multiplications; a module can make ${MAX_MULTIPLICATIONS.toExponential(1)}.`,
    "Compile or export it for smaller inputs.",
  );
}
