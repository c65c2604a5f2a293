/**
 * Entry point of a detector thread: starts one engine and answers frame after frame. The main thread keeps the
 * deadline and ends this thread when it passes, which is the only thing that stops a guest that computes for ever.
 */
import { enableCompileCache, flushCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { DetectorFault } from "../errors.ts";
import { collectGarbage } from "./collect-garbage.ts";
import type { Engine } from "./engine.ts";
import type { EngineSource } from "./engine-source.ts";
import type { ThreadBirth, ThreadMessage, ThreadTask } from "./thread.ts";

type StartEngine = (source: EngineSource) => Promise<Engine>;

/** Only the engine that is asked for is loaded: the Wasmer SDK is large. */
async function loadEngine({ runtime, compileCache }: ThreadBirth): Promise<StartEngine> {
  if (compileCache !== undefined) enableCompileCache(compileCache);
  if (runtime === "v8") return (await import("./v8.ts")).startV8;
  const { bootWasmer } = await import("./wasmer.ts");
  return bootWasmer();
}

const loading = loadEngine(workerData);

function report(fault: DetectorFault): void {
  send({ kind: fault.kind, message: fault.message });
}

function send(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

/** What can wait, for it would keep the first frame waiting. */
function afterFirstAnswer(): void {
  collectGarbage();
  flushCompileCache();
}

parentPort?.once("message", (task: ThreadTask) => {
  const starting = loading.then((start) => start(task.source));
  let answered = 0;
  parentPort?.on("message", () => {
    void starting
      .then((engine) => engine.infer(task.request))
      .then(
        (reply) => {
          send(reply);
          answered++;
          if (answered === 1) afterFirstAnswer();
        },
        // A frame that fails is reported by `ended`, as is a fault between frames.
        () => undefined,
      );
  });
  starting.then(
    (engine) => {
      send("ready");
      void engine.ended.then(report);
    },
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      report(new DetectorFault("trap", `the module did not start: ${message}`));
    },
  );
});
