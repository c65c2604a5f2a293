/** The last stage: emits the bytes of the module from graph and memory plan. */
import {
  DESCRIPTION_SECTION,
  IMPORT_MODULE,
  type ModelDescription,
  REPLY_HEADER_BYTES,
  type TensorSpec,
  tensorBytes,
} from "../module-format.ts";
import { type ConstantArea, constantArea } from "./constant-area.ts";
import { factsOf, typeOf } from "./graph/facts.ts";
import type { Graph, Node } from "./graph/graph.ts";
import type { Constant } from "./graph/value.ts";
import { emitEntryPoints, type TensorPlace } from "./kernels/entry-points.ts";
import { emitNode, scratchBytesOf } from "./kernels/index.ts";
import type { FeatureMap, KernelContext } from "./kernels/kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "./kernels/loops.ts";
import { emitStates } from "./kernels/states.ts";
import type { BorderedBuffer, MemoryPlan, MemoryRequest, Placement } from "./memory/plan.ts";
import type { Target } from "./target.ts";
import type { FunctionReference, Local } from "./wasm/assembler.ts";
import { ModuleBuilder } from "./wasm/module.ts";

/** Addresses that are the same in every module: the entry points' data lies below the arena. */
export const ADDRESS = {
  /** One WASI io vector {address, length}, then the word in which WASI returns the number of bytes transferred. */
  ioVector: 0,
  transferred: 8,
  /** The header of a request, and behind it the parameters as they arrive. */
  requestHeader: 16,
  parameters: [48, 64],
  replyHeader: 80,
  detections: 80 + REPLY_HEADER_BYTES,
  arena: 8192,
} as const;

/** Sets the parameters of the following inferences, in the order of the description. */
export function setParameters(memory: WebAssembly.Memory, values: readonly number[]): void {
  for (const [index, address] of ADDRESS.parameters.entries()) {
    new Float32Array(memory.buffer, address, 1)[0] = values[index] ?? 0;
  }
}

/** The memory planner's request for a graph. */
export function memoryRequest(graph: Graph, keep: readonly string[]): MemoryRequest {
  const scratchBytes = new Map(
    graph.nodes.map((node) => [node.output, scratchBytesOf(node, (value) => typeOf(graph, value))]),
  );
  // The detections lie behind the header of the reply, so that one call writes both.
  const detections = graph.nodes.filter((node) => factsOf(node).usesThresholds).map(({ output }) => output);
  const fixed = new Map(detections.map((output) => [output, ADDRESS.detections]));
  return { startAddress: ADDRESS.arena, fixed, scratchBytes, keep };
}

/** Emits the module: kernels, weights, entry points and the description. */
export function emitModule(
  graph: Graph,
  plan: MemoryPlan,
  target: Target,
  description: ModelDescription,
): Uint8Array {
  const module = new ModuleBuilder();
  const wasi = {
    fdRead: module.importFunction(IMPORT_MODULE, "fd_read", ["i32", "i32", "i32", "i32"], ["i32"]),
    fdWrite: module.importFunction(IMPORT_MODULE, "fd_write", ["i32", "i32", "i32", "i32"], ["i32"]),
    procExit: module.importFunction(IMPORT_MODULE, "proc_exit", ["i32"], []),
  };
  const constants = constantArea(module, plan.endAddress, plan.idleAtStart);
  const network = emitNetwork(module, graph, plan, target, constants);
  const place = (value: string, spec: TensorSpec): TensorPlace => ({
    address: addressWithoutGaps(plan, value, spec),
    bytes: tensorBytes(spec),
    rows: spec.rows === undefined ? undefined : (spec.shape[0] ?? 0),
  });
  const parameters = description.parameters.map(({ default: value }, index) => {
    const address = ADDRESS.parameters[index] ?? 0;
    module.dataAt(address, new Uint8Array(Float32Array.of(value).buffer));
    return address;
  });
  const places = (values: readonly string[], specs: readonly TensorSpec[]) =>
    specs.map((spec, index) => place(values[index] ?? "", spec));
  const layout = {
    ...ADDRESS,
    parameters,
    inputs: places(graph.inputs, description.inputs),
    outputs: places(graph.outputs, description.outputs),
  };
  emitEntryPoints(module, wasi, network, layout, constants.storeBytes);
  module.customSection(DESCRIPTION_SECTION, new TextEncoder().encode(JSON.stringify(description)));
  return module.finish(constants.endAddress());
}

/** The functions that run one inference. */
export interface EmittedNetwork {
  /** () → number of detections, 0 without a head. Reads the parameters at their addresses. */
  readonly infer: FunctionReference;
  /** () → (): forgets earlier inferences; undefined: there is nothing to forget. */
  readonly reset: FunctionReference | undefined;
  /** The functions that it calls in order, without parameters and results, with their nodes. */
  readonly steps: readonly { readonly node: Node; readonly run: FunctionReference }[];
}

/** Emits a function per node and `infer`, which calls them in order. */
export function emitNetwork(
  module: ModuleBuilder,
  graph: Graph,
  plan: MemoryPlan,
  target: Target,
  constants: ConstantArea,
): EmittedNetwork {
  const preparations: FunctionReference[] = [];
  const context = kernelContext(module, graph, plan, target, constants, preparations);
  const steps = graph.nodes.flatMap((node, index) => [
    ...plan.bordered
      .filter(({ first }) => Math.max(0, first) === index)
      .map((buffer) => ({ node, run: emitBorder(module, node.output, buffer, constants) })),
    { node, run: emitNode(node, context) },
  ]);
  const states = emitStates(graph.states, context);
  const widening = constants.emitWidening();
  const preparation = widening === undefined ? preparations : [widening, ...preparations];
  const infer = module.function("infer", [], ["i32"], (code) => {
    if (graph.nodes.some((node) => factsOf(node).usesThresholds)) {
      const [score, iou] = ADDRESS.parameters;
      code.i32(score).memory("f32.load").globalSet(context.scoreThreshold);
      code.i32(iou).memory("f32.load").globalSet(context.iouThreshold);
    }
    if (preparation.length > 0) {
      const prepared = module.global("i32");
      code.globalGet(prepared).op("i32.eqz");
      code.if(() => {
        for (const step of preparation) code.call(step);
        code.i32(1).globalSet(prepared);
      });
    }
    for (const { run } of steps) code.call(run);
    if (states !== undefined) code.call(states.keep);
    code.globalGet(context.detectionCount);
  });
  return { infer, reset: states?.reset, steps };
}

function kernelContext(
  module: ModuleBuilder,
  graph: Graph,
  plan: MemoryPlan,
  target: Target,
  { store, storeForPreparation, reserve }: ConstantArea,
  preparations: FunctionReference[],
): KernelContext {
  return {
    module,
    target,
    store,
    storeForPreparation,
    reserve,
    prepare: (step) => void preparations.push(step),
    type: (value) => typeOf(graph, value),
    placement: (value) => placementOf(plan, value),
    map(value): FeatureMap {
      const placement = placementOf(plan, value);
      const { dtype, shape } = typeOf(graph, value);
      if (dtype === "i8" || dtype === "i32" || dtype === "bool") {
        throw new Error(`value ${value} of ${dtype} is not a feature map`);
      }
      const [height = 1, width = 1, channels = 1] = shape;
      return { ...placement, dtype, height, width, channels };
    },
    constant: (value) => constantOf(graph, value),
    floats(value) {
      const constant = constantOf(graph, value);
      if (constant.dtype !== "f32") throw new Error(`value ${value} is not a constant of floats`);
      return constant;
    },
    isConstant: (value) => graph.constants.has(value),
    scratch: (value) => plan.scratch.get(value) ?? 0,
    scoreThreshold: module.global("f32"),
    iouThreshold: module.global("f32"),
    detectionCount: module.global("i32"),
  };
}

/**
 * The address of an input or output, whose numbers a host reads and writes without gaps.
 * @throws Error when the layout pads its pixels or gives it a border, as it does for feature maps.
 */
function addressWithoutGaps(plan: MemoryPlan, value: string, spec: TensorSpec): number {
  const { address, rowBytes } = placementOf(plan, value);
  const [rows = 0] = spec.shape;
  if (spec.shape.length !== 3 || rows * rowBytes === tensorBytes(spec)) return address;
  throw new Error(
    `${value} has gaps in memory: a feature map must be copied before a host reads or writes it`,
  );
}

function placementOf({ placements }: MemoryPlan, value: string): Placement {
  const placement = placements.get(value);
  if (placement === undefined) throw new Error(`value ${value} has no memory`);
  return placement;
}

function constantOf({ constants }: Graph, value: string): Constant {
  const constant = constants.get(value);
  if (constant === undefined) throw new Error(`value ${value} is not a constant`);
  return constant;
}

/** Writes the padding around a feature map. Every inference does so, because other values share the memory. */
function emitBorder(
  module: ModuleBuilder,
  value: string,
  buffer: BorderedBuffer,
  constants: ConstantArea,
): FunctionReference {
  const { address, bytes, originBytes, rowBytes, pixelBytes, borderPixels, borderPixel, height } = buffer;
  const sideBytes = borderPixels * pixelBytes;
  const pattern = borderPixel && constants.storeBytes(borderPixel);
  return module.function(`border of ${value}`, [], [], (code) => {
    const fill = (at: Local, fillBytes: number): void => {
      if (pattern === undefined) {
        code.get(at).i32(0).i32(fillBytes).memoryFill();
        return;
      }
      const pixel = copyOf(code, at);
      repeat(code, fillBytes / pixelBytes, () => {
        for (let vector = 0; vector < pixelBytes; vector += 16) {
          code.get(pixel).i32(pattern).memory("v128.load", vector).memory("v128.store", vector);
        }
        advance(code, pixel, pixelBytes);
      });
    };
    const side = pointerTo(code, address);
    fill(side, originBytes);
    advance(code, side, originBytes + rowBytes - sideBytes);
    repeat(code, height, () => {
      fill(side, sideBytes);
      advance(code, side, rowBytes);
    });
    const below = originBytes + height * rowBytes - sideBytes;
    code.i32(address + below).set(side);
    fill(side, bytes - below);
  });
}
