/**
 * The threads in which the Wasmer SDK runs its guests. It asks the global `Worker`, as a browser has it, for one; in Node
 * it would bring its own, and each would take 150 ms to start only when a guest is waiting for it.
 */
import { Worker } from "node:worker_threads";
import { threadEnvironment } from "./thread-environment.ts";

/** What the SDK's thread loads. A file of the package, though not one of its entry points: the SDK is pinned exactly. */
const program = new URL("node-worker.js", import.meta.resolve("@wasmer/sdk/node"));

/** What a guest's thread is told at its birth. */
export interface GuestThreadBirth {
  /** Address of the SDK's program for its threads. */
  readonly program: string;
}

/** What the SDK's threads tell it: among other things `busy`, when a guest begins, and `idle`, when it is gone. */
interface SdkMessage {
  readonly type?: string;
}

/** Source files end in .ts, built ones in .js. */
const guestThreadFile = new URL(
  import.meta.url.endsWith(".ts") ? "./guest-thread.ts" : "./guest-thread.js",
  import.meta.url,
);

/** Its heap holds nothing but messages. Left alone, V8 would let it grow before it collects. */
const HEAP_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

function startThread(): Worker {
  const birth: GuestThreadBirth = { program: program.href };
  return new Worker(guestThreadFile, {
    name: "guest",
    workerData: birth,
    env: threadEnvironment(),
    resourceLimits: HEAP_LIMITS,
  });
}

/**
 * Makes this thread give the SDK its threads, the first of them started now.
 *
 * It also takes this thread's web requests away: nobody here has anything to fetch, and the SDK's mere question whether
 * there are any makes Node load its HTTP client (60 ms).
 * @returns what resolves when the SDK has heard that none of its threads runs a guest. Asked for a guest before that, it
 *   would not take the thread that it has, but one more.
 */
export function provideGuestThreads(): () => Promise<void> {
  Object.assign(globalThis, { Request: undefined, Response: undefined });
  const busy = new Map<Worker, PromiseWithResolvers<void>>();
  const ahead: Worker[] = [startThread()];
  Object.defineProperty(globalThis, "Worker", {
    configurable: true,
    value: class {
      readonly #thread = ahead.pop() ?? startThread();
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
