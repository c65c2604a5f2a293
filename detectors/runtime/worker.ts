/**
 * Entry point of a detector thread: starts an engine, and another one when its guest has ended by itself, and answers frame
 * after frame. The main thread keeps the deadline and ends this thread when it passes, which is the only thing that stops
 * a guest that computes for ever.
 */
import { flushCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { DetectorFault } from "../errors.ts";
import { collectGarbage } from "./collect-garbage.ts";
import type { InstallModule, StartEngine } from "./engine.ts";
import type { ThreadBirth, ThreadMessage, ThreadOrder, ThreadTask } from "./thread.ts";

/** Only the engine that is asked for is loaded: the Wasmer SDK is large. */
async function loadEngine({ runtime }: ThreadBirth): Promise<InstallModule> {
  if (runtime === "v8") return (await import("./v8.ts")).installV8;
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

/** Starts a guest, and returns what has it answer the frame that lies in `request`. */
function begin(installing: Promise<StartEngine>, request: Uint8Array): () => void {
  const starting = installing.then((start) => start());
  let answered = 0;
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
  return () => {
    void starting
      .then((engine) => engine.infer(request))
      .then(
        (reply) => {
          send(reply);
          answered++;
          if (answered === 1) afterFirstAnswer();
        },
        // A frame that fails is reported by `ended`, as is a fault between frames.
        () => undefined,
      );
  };
}

parentPort?.once("message", ({ source, request }: ThreadTask) => {
  const installing = loading.then((install) => install(source));
  let answerFrame = begin(installing, request);
  parentPort?.on("message", (order: ThreadOrder) => {
    if (order === "frame") answerFrame();
    else answerFrame = begin(installing, request);
  });
});
