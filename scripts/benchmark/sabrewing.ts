import type { Detector } from "../../detectors/detector.ts";
import { loadModule } from "../../detectors/runtime/module.ts";
import { startPool } from "../../detectors/runtime/pool.ts";
import type { Contestant } from "./contestant.ts";

/** The thresholds of YOLOv5's own detect.py. */
const THRESHOLDS = { score: 0.25, iou: 0.45 };
const DEADLINE_MS = 60_000;

/** Answers of each instance that are not counted: the engine is still optimising then. */
const WARM_UP_ANSWERS = 4;
const COUNTED_ANSWERS = 10;

/** Our own detector, opened as `sabrewing detect` opens it: its first answer includes the rest of its start. */
export async function loadSabrewing(modulePath: string, engine: string): Promise<Contestant> {
  const loading = loadModule(modulePath);
  const open = (instances: number): Promise<Detector> =>
    startPool(
      loading,
      { runtime: engine === "v8" ? "v8" : "wasmer", instances, deadlineMs: DEADLINE_MS, proveFirst: false },
      DEADLINE_MS,
    );
  const detector = await open(1);
  const ask = async (other: Detector, pixels: Uint8Array): Promise<void> => {
    await other.detect(pixels, THRESHOLDS);
  };
  return {
    infer: (pixels) => ask(detector, pixels),
    async respawn(pixels) {
      const again = await open(1);
      await ask(again, pixels);
      // Closing it is not part of the time.
      void again[Symbol.asyncDispose]();
    },
    async throughput(pixels, instances) {
      await using pool = await open(instances);
      // Who asks in a row keeps an instance busy; as many as there are instances keep all of them busy.
      const askInARow = async (times: number): Promise<void> => {
        for (let time = 0; time < times; time++) await ask(pool, pixels);
      };
      const together = (times: number) =>
        Promise.all(Array.from({ length: instances }, () => askInARow(times)));
      await together(WARM_UP_ANSWERS);
      const startedMs = performance.now();
      await together(COUNTED_ANSWERS);
      return (instances * COUNTED_ANSWERS * 1000) / (performance.now() - startedMs);
    },
    [Symbol.asyncDispose]: () => detector[Symbol.asyncDispose](),
  };
}
