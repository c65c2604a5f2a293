import type { CompiledModel } from "../../../detectors/compiler/compile.ts";
import { setParameters } from "../../../detectors/compiler/emit.ts";
import type { Tensor } from "../../../detectors/compiler/graph/value.ts";

/** A module's results: the logits of the head convolutions, NHWC, finest scale first, and the detections. */
export interface ModuleAnswer {
  readonly logits: readonly Tensor[];
  readonly detections: readonly {
    readonly box: readonly number[];
    readonly score: number;
    readonly label: number;
  }[];
}

/** Instantiates a compiled model and calls its `infer`. There are logits if it was compiled with `keepLogits`. */
export async function openModule(
  model: CompiledModel,
): Promise<(image: Uint8Array, thresholds: { score: number; iou: number }) => ModuleAnswer> {
  const refuse = () => {
    throw new Error("infer must not call the host");
  };
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(Uint8Array.from(model.bytes)), {
    wasi_snapshot_preview1: { fd_read: refuse, fd_write: refuse, proc_exit: refuse },
  });
  const { memory, input_0: input, output_0: output, infer } = exports;
  if (
    !(memory instanceof WebAssembly.Memory) ||
    !(input instanceof WebAssembly.Global) ||
    !(output instanceof WebAssembly.Global) ||
    typeof infer !== "function"
  ) {
    throw new Error("the module lacks memory, input_0, output_0 or infer");
  }
  const floats = new Float32Array(memory.buffer);
  const head = model.graph.nodes.at(-1);
  const heads = head?.inputs ?? [];
  const hasLogits = head?.op !== "yolov5_sparse_detect";
  return (image, { score, iou }) => {
    new Uint8Array(memory.buffer).set(image, input.value);
    setParameters(memory, [score, iou]);
    const count = Number(Reflect.apply(infer, undefined, []));
    const rows = Array.from({ length: count }, (_, row) => (output.value + 24 * row) >> 2);
    return {
      logits: hasLogits ? heads.map((head) => readMap(model, floats, head)) : [],
      detections: rows.map((at) => ({
        box: [...floats.subarray(at, at + 4)],
        score: floats[at + 4] ?? Number.NaN,
        label: floats[at + 5] ?? -1,
      })),
    };
  };
}

function readMap({ graph, plan }: CompiledModel, floats: Float32Array, value: string): Tensor {
  const placement = plan.placements.get(value);
  const shape = graph.values.get(value)?.shape ?? [];
  const [height = 0, width = 0, channels = 0] = shape;
  if (placement === undefined) throw new Error(`${value} has no address in memory`);
  const data = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (placement.address + y * placement.rowBytes + x * placement.pixelBytes) >> 2;
      data.set(floats.subarray(at, at + channels), (y * width + x) * channels);
    }
  }
  return { shape, data };
}
