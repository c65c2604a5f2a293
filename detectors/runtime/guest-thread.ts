/** Entry point of a thread that the Wasmer SDK runs a guest in: the SDK's own program, in a poorer environment. */
import { flushCompileCache } from "node:module";
import { workerData } from "node:worker_threads";
import type { GuestThreadBirth } from "./guest-threads.ts";

// See provideGuestThreads.
Object.assign(globalThis, { Request: undefined, Response: undefined });
const { program }: GuestThreadBirth = workerData;
await import(program);
flushCompileCache();
