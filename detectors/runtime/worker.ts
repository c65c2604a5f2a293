/**
 * Entry point of a detector thread: starts one engine and answers frame after frame. The main thread keeps the
 * deadline and ends this thread when it passes, which is the only thing that stops a guest that computes for ever.
 */
import { parentPort, workerData } from "node:worker_threads";
import { DetectorFault } from "../errors.ts";
import { collectGarbage } from "./collect-garbage.ts";
import type { Engine } from "./engine.ts";
import type { EngineSource } from "./engine-source.ts";
import type { ThreadMessage, ThreadTask } from "./thread.ts";

async function startEngine(source: EngineSource): Promise<Engine> {
  // Only the engine that is asked for is loaded: the Wasmer SDK is large.
  if (source.runtime === "v8") return (await import("./v8.ts")).startV8(source.module);
  return (await import("./wasmer.ts")).startWasmer(source.bytes, source.sdk);
}

function report(fault: DetectorFault): void {
  send({ kind: fault.kind, message: fault.message });
}

function send(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

const task: ThreadTask = workerData;
try {
  const engine = await startEngine(task.source);
  collectGarbage();
  void engine.ended.then(report);
  parentPort?.on("message", () => {
    // A frame that fails is reported by `ended`, as is a fault between frames.
    void engine.infer(task.request).then(send, () => undefined);
  });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  report(new DetectorFault("trap", `the module did not start: ${message}`));
}
