/** Runs one module file on the same requests in three hosts, to compare the bytes of the replies. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Runtime, Thresholds } from "../../../detectors/detector.ts";
import { REQUEST_HEADER_BYTES } from "../../../detectors/module-format.ts";
import { prepareEngine } from "../../../detectors/runtime/engine-source.ts";
import { type LoadedModule, loadModule } from "../../../detectors/runtime/module.ts";
import { replyBytes } from "../../../detectors/runtime/reply.ts";
import { frameBytes, writeRequest } from "../../../detectors/runtime/request.ts";
import { spawnThread } from "../../../detectors/runtime/thread.ts";

/** One frame and its thresholds. Its sequence number is its position in the list, from 1. */
export interface HostRequest {
  /** Model input height × width × 3 bytes. */
  readonly pixels: Uint8Array;
  readonly thresholds: Thresholds;
}

/** The whole reply to each request, header included, by host. */
export interface HostReplies {
  readonly wasmer: readonly Uint8Array[];
  readonly nodeWasi: readonly Uint8Array[];
  readonly v8: readonly Uint8Array[];
}

/** Long enough for an emulated CPU (scripts/test-arm64). Elsewhere the test's own time limit applies. */
const DEADLINE_MS = 600_000;
const nodeWasiProgram = fileURLToPath(new URL("./node-wasi-host.ts", import.meta.url));

/** Runs the module at `path` in @wasmer/sdk, node:wasi and plain WebAssembly. */
export async function runInThreeHosts(path: string, requests: readonly HostRequest[]): Promise<HostReplies> {
  const loaded = await loadModule(path);
  return {
    wasmer: await runInThread(loaded, "wasmer", requests),
    nodeWasi: await runInNodeWasi(path, requests),
    v8: await runInThread(loaded, "v8", requests),
  };
}

async function runInThread(
  loaded: LoadedModule,
  runtime: Runtime,
  requests: readonly HostRequest[],
): Promise<Uint8Array[]> {
  await using thread = spawnThread(
    await prepareEngine(loaded, runtime),
    frameBytes(loaded.info),
    () => undefined,
  );
  const replies: Uint8Array[] = [];
  for (const [index, request] of requests.entries()) {
    const parse = (reply: Uint8Array): Uint8Array => reply;
    replies.push(await thread.infer({ ...request, sequence: index + 1, deadlineMs: DEADLINE_MS, parse }));
  }
  return replies;
}

/**
 * node:wasi blocks its whole process in `fd_read` and `fd_write`, so it runs in its own process. Standard input and output
 * are files, which do not block like a full pipe.
 */
async function runInNodeWasi(path: string, requests: readonly HostRequest[]): Promise<Uint8Array[]> {
  const directory = await mkdtemp(join(tmpdir(), "sabrewing-wasi-"));
  try {
    const requestFile = join(directory, "requests");
    const replyFile = join(directory, "replies");
    await writeFile(
      requestFile,
      Buffer.concat(requests.map((request, index) => toBytes(request, index + 1))),
    );
    await using input = await open(requestFile, "r");
    await using output = await open(replyFile, "w");
    const host = spawn(process.execPath, ["--no-warnings", nodeWasiProgram, path], {
      stdio: [input.fd, output.fd, "inherit"],
      timeout: DEADLINE_MS,
    });
    const [exitCode] = await once(host, "exit");
    if (exitCode !== 0)
      throw new Error(`node:wasi ended with exit code ${exitCode}; its standard error says why`);
    return splitReplies(await readFile(replyFile));
  } finally {
    await rm(directory, { recursive: true });
  }
}

function toBytes({ pixels, thresholds }: HostRequest, sequence: number): Uint8Array {
  const bytes = new Uint8Array(REQUEST_HEADER_BYTES + pixels.length);
  writeRequest(bytes, sequence, thresholds, pixels);
  return bytes;
}

function splitReplies(bytes: Uint8Array): Uint8Array[] {
  const replies: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = replyBytes(bytes.subarray(at));
    replies.push(Uint8Array.from(bytes.subarray(at, at + length)));
    at += length;
  }
  return replies;
}
