/** Entry point of a thread that the Wasmer SDK runs a guest in: the SDK's own program, in a poorer environment. */
import { workerData } from "node:worker_threads";

// See provideGuestThreads.
Object.assign(globalThis, { Request: undefined, Response: undefined });
const program: string = workerData;
await import(program);
