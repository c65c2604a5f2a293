/** Entry point of a thread in which the Wasmer SDK runs a guest: the SDK's own program with fewer globals. */
import { flushCompileCache } from "node:module";
import { workerData } from "node:worker_threads";
import type { GuestThreadData } from "./guest-threads.ts";

// See provideGuestThreads.
Object.assign(globalThis, { Request: undefined, Response: undefined });
const { program }: GuestThreadData = workerData;
await import(program);
flushCompileCache();
