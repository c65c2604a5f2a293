/**
 * Entry point of a detector thread. It starts an engine, processes one frame after another, and starts another guest when
 * the previous one has ended by itself. The main thread watches the deadline and terminates this thread when it passes:
 * nothing else stops a guest in an endless loop.
 */
import { flushCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { DetectorFault } from "../errors.ts";
import { collectGarbage } from "./collect-garbage.ts";
import type { InstallModule, StartEngine } from "./engine.ts";
import type { ThreadCommand, ThreadData, ThreadMessage, ThreadTask } from "./thread.ts";

/** Loads only the requested engine, since the Wasmer SDK is large. */
async function loadEngine({ runtime }: ThreadData): Promise<InstallModule> {
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

/** Work that would delay the first frame. */
function afterFirstReply(): void {
  collectGarbage();
  flushCompileCache();
}

/** Starts a guest. @returns a function that processes the frame in `request`. */
function startGuest(installing: Promise<StartEngine>, request: Uint8Array): () => void {
  const starting = installing.then((start) => start());
  let replies = 0;
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
          replies++;
          if (replies === 1) afterFirstReply();
        },
        // `ended` reports the fault, as it does for one between two frames.
        () => undefined,
      );
  };
}

parentPort?.once("message", ({ source, request }: ThreadTask) => {
  const installing = loading.then((install) => install(source));
  let processFrame = startGuest(installing, request);
  parentPort?.on("message", (command: ThreadCommand) => {
    if (command === "frame") processFrame();
    else processFrame = startGuest(installing, request);
  });
});
