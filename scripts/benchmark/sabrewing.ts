import type { Detector, Runtime } from "../../detectors/detector.ts";
import type { InstallModule } from "../../detectors/runtime/engine.ts";
import { type EngineSource, prepareEngine } from "../../detectors/runtime/engine-source.ts";
import { loadDetector } from "../../detectors/runtime/module.ts";
import { requestBytes } from "../../detectors/runtime/module-io.ts";
import { startDetector } from "../../detectors/runtime/open-detector.ts";
import { writeRequest } from "../../detectors/runtime/request.ts";
import { installV8 } from "../../detectors/runtime/v8.ts";
import type { Contestant } from "./contestant.ts";

/** The thresholds of YOLOv5's own detect.py. */
const THRESHOLDS = { score: 0.25, iou: 0.45 };
const DEADLINE_MS = 60_000;

/** Inferences of each instance that are not counted: the engine still optimises then. */
const WARM_UP_ANSWERS = 4;
const COUNTED_ANSWERS = 10;

/**
 * Our detector.
 * @param warmUp open it as the agent does, with a black frame before the first real one; otherwise as
 *   `sabrewing detect` does, where the first inference includes the rest of the start
 */
export async function loadSabrewing(
  modulePath: string,
  engine: string,
  warmUp: boolean,
): Promise<Contestant> {
  const runtime = engine === "v8" ? "v8" : "wasmer";
  const loading = loadDetector(modulePath);
  const open = (instances: number): Promise<Detector> =>
    startDetector(loading, { runtime, instances, deadlineMs: DEADLINE_MS, warmUp }, DEADLINE_MS);
  const detector = await open(1);
  let host: (() => Promise<number>) | undefined;
  const ask = async (other: Detector, pixels: Uint8Array): Promise<void> => {
    await other.detect(pixels, THRESHOLDS);
  };
  return {
    infer: (pixels) => ask(detector, pixels),
    async respawn(pixels) {
      host ??= await warmHost(await prepareEngine(loading, runtime), pixels);
      return host();
    },
    async throughput(pixels, instances) {
      await using pool = await open(instances);
      // Each series of inferences keeps one instance busy.
      const askInSeries = async (times: number): Promise<void> => {
        for (let time = 0; time < times; time++) await ask(pool, pixels);
      };
      const together = (times: number) =>
        Promise.all(Array.from({ length: instances }, () => askInSeries(times)));
      await together(WARM_UP_ANSWERS);
      const startedMs = performance.now();
      await together(COUNTED_ANSWERS);
      return (instances * COUNTED_ANSWERS * 1000) / (performance.now() - startedMs);
    },
    [Symbol.asyncDispose]: () => detector[Symbol.asyncDispose](),
  };
}

/** The Wasmer SDK is large: load it only to measure Wasmer. */
async function installer(runtime: Runtime): Promise<InstallModule> {
  if (runtime === "v8") return installV8;
  const { bootWasmer } = await import("../../detectors/runtime/wasmer.ts");
  return bootWasmer();
}

/**
 * A host whose guest has ended, with everything that the next one needs.
 * @returns a function that starts a guest, runs an inference, and returns the milliseconds both took
 */
async function warmHost(source: EngineSource, pixels: Uint8Array): Promise<() => Promise<number>> {
  const request = new Uint8Array(requestBytes(source.io));
  writeRequest(request, 0, { parameters: [THRESHOLDS.score, THRESHOLDS.iou], inputs: [pixels] });
  const start = await (await installer(source.runtime))(source);
  const live = async (): Promise<number> => {
    const startedMs = performance.now();
    const engine = await start();
    await engine.infer(request);
    const tookMs = performance.now() - startedMs;
    // A request without its magic number ends a Wasmer guest; a V8 guest is only memory to be collected.
    if (source.runtime === "wasmer")
      await engine.infer(new Uint8Array(request.length)).catch(() => undefined);
    return tookMs;
  };
  // In practice a fault ends a guest that has run for a while.
  for (let life = 0; life < WARM_UP_ANSWERS; life++) await live();
  return live;
}
