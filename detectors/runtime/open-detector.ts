import type { Detector, DetectorOptions } from "../contract.ts";
import type { Counters } from "./counters.ts";
import { parseDetections } from "./detections.ts";
import { type DetectInfo, detectorModel } from "./detector-model.ts";
import type { Task } from "./instance.ts";
import { type LoadedModule, loadDetector } from "./module.ts";
import { START_DEADLINE_MS, startPool } from "./pool.ts";

/**
 * Opens a detector: `options.instances` copies of the module, each in its own thread. Resolves when each of them has
 * processed a blank frame, so that a module that cannot run is reported here. With `warmUp: false` it resolves when the
 * file has been checked.
 * @throws ModelError when the file is no usable detector or fails on its first frame.
 * @throws DetectorFault `deadline` when the first frame got no reply within 30 s.
 */
export async function openDetector(path: string, options: DetectorOptions): Promise<Detector> {
  return startDetector(loadDetector(path, options), options, START_DEADLINE_MS);
}

/**
 * Opens a detector from a module that is loaded or loading.
 * @param startDeadlineMs for each thread's first reply.
 * @param counters those of the previous detector when a module is replaced, so that they continue.
 */
export async function startDetector(
  loading: LoadedModule<DetectInfo> | Promise<LoadedModule<DetectInfo>>,
  options: DetectorOptions,
  startDeadlineMs: number,
  counters?: Counters,
): Promise<Detector> {
  const pool = await startPool(loading, detectTask, options, startDeadlineMs, counters);
  const model = detectorModel(pool.info);
  const { width, height } = model.input;
  const bytes = frameBytes(model);
  return {
    model,
    runtime: pool.runtime,
    async detect(pixels, { score, iou }) {
      if (pixels.length !== bytes) {
        throw new RangeError(`expected ${width}×${height}×3 = ${bytes} bytes, received ${pixels.length}`);
      }
      const { result, inferenceMs } = await pool.infer({ parameters: [score, iou], inputs: [pixels] });
      return { detections: result, inferenceMs };
    },
    stats: () => pool.stats(),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

/** Bytes of one frame of this model: height × width × 3. */
export function frameBytes({
  input,
}: {
  readonly input: { readonly width: number; readonly height: number };
}): number {
  return input.width * input.height * 3;
}

function detectTask(info: DetectInfo): Task<ReturnType<typeof parseDetections>> {
  const labels = new Map(info.labels.map(({ id, name }) => [id, name]));
  return {
    // A black frame without detections.
    blank: () => ({ parameters: [1, 1], inputs: [new Uint8Array(frameBytes(detectorModel(info)))] }),
    parse: (reply) => parseDetections(reply, labels),
  };
}
