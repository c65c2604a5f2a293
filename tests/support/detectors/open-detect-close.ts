/** Opens a detector, starts an endless loop in it and closes it. Then nothing keeps the process running. */
import { openDetector } from "../../../detectors/detector.ts";
import { fakeFrame, POISON } from "./fake-modules.ts";

const [path = "", runtime] = process.argv.slice(2);
const detector = await openDetector(path, {
  runtime: runtime === "v8" ? "v8" : "wasmer",
  instances: 2,
  deadlineMs: 60_000,
});
const lost = detector
  .detect(fakeFrame(POISON.loop), { score: 0.25, iou: 0.5 })
  .catch((error: unknown) => error);
await detector[Symbol.asyncDispose]();
console.log(String(await lost));
