/**
 * The threads in which the Wasmer SDK runs its guests. The SDK creates them with the global `Worker`, as in a browser.
 * Without one, as in Node, it uses its own, which starts only when a guest waits for it and takes 150 ms.
 */
import { Worker } from "node:worker_threads";
import { threadEnvironment } from "./thread-environment.ts";

/** The program of the SDK's threads. This file is not a documented entry point; the SDK's version is pinned exactly. */
const program = new URL("node-worker.js", import.meta.resolve("@wasmer/sdk/node"));

/** The `workerData` of a guest's thread. */
export interface GuestThreadData {
  /** Address of the SDK's program for its threads. */
  readonly program: string;
}

/** A message from the SDK's threads, for example `busy` when a guest starts and `idle` when it has ended. */
interface SdkMessage {
  readonly type?: string;
}

/** Source files end in .ts, built ones in .js. */
const guestThreadFile = new URL(
  import.meta.url.endsWith(".ts") ? "./guest-thread.ts" : "./guest-thread.js",
  import.meta.url,
);

/** The heap holds only messages. Without a limit V8 would let it grow before it collects garbage. */
const HEAP_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

function startThread(): Worker {
  const workerData: GuestThreadData = { program: program.href };
  return new Worker(guestThreadFile, {
    name: "guest",
    workerData,
    env: threadEnvironment(),
    resourceLimits: HEAP_LIMITS,
  });
}

/**
 * Provides the SDK in this thread with threads for its guests, and starts the first one now.
 *
 * It also removes the globals Request and Response: nothing here uses the network, and the SDK's check for them makes Node
 * load its HTTP client (60 ms).
 * @returns a function whose promise resolves when the SDK knows that none of its threads runs a guest. A guest that is
 *   spawned earlier would get another thread instead of the existing one.
 */
export function provideGuestThreads(): () => Promise<void> {
  Object.assign(globalThis, { Request: undefined, Response: undefined });
  const busy = new Map<Worker, PromiseWithResolvers<void>>();
  const spare: Worker[] = [startThread()];
  Object.defineProperty(globalThis, "Worker", {
    configurable: true,
    value: class {
      readonly #thread = spare.pop() ?? startThread();
      onmessage: ((event: { readonly data: unknown }) => void) | null = null;
      onerror: ((event: { readonly message: string }) => void) | null = null;

      constructor() {
        this.#thread.on("message", (data: SdkMessage) => {
          this.onmessage?.({ data });
          if (data.type === "busy") busy.set(this.#thread, Promise.withResolvers());
          if (data.type === "idle") {
            busy.get(this.#thread)?.resolve();
            busy.delete(this.#thread);
          }
        });
        this.#thread.on("error", ({ message }) => this.onerror?.({ message }));
      }

      postMessage(message: unknown): void {
        this.#thread.postMessage(message);
      }

      terminate(): void {
        void this.#thread.terminate();
      }
    },
  });
  return async () => {
    await Promise.all([...busy.values()].map(({ promise }) => promise));
  };
}
