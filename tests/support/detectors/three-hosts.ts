/** Runs one module file on the same requests in three hosts, to compare the bytes of the replies. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Runtime, Thresholds } from "../../../detectors/detector.ts";
import { prepareEngine } from "../../../detectors/runtime/engine-source.ts";
import { type LoadedModule, loadModule } from "../../../detectors/runtime/module.ts";
import { ioOf, type ModuleIo, requestBytes } from "../../../detectors/runtime/module-io.ts";
import { replyBytes } from "../../../detectors/runtime/reply.ts";
import { type ModuleRequest, writeRequest } from "../../../detectors/runtime/request.ts";
import { spawnThread } from "../../../detectors/runtime/thread.ts";

/** A frame for a detector as a request. */
export function frameRequest(pixels: Uint8Array, { score, iou }: Thresholds): ModuleRequest {
  return { parameters: [score, iou], inputs: [pixels] };
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

/** Runs the module at `path` on requests, numbered from 1, in @wasmer/sdk, node:wasi and plain WebAssembly. */
export async function runInThreeHosts(
  path: string,
  requests: readonly ModuleRequest[],
): Promise<HostReplies> {
  const loaded = await loadModule(path);
  return {
    wasmer: await runInThread(loaded, "wasmer", requests),
    nodeWasi: await runInNodeWasi(path, ioOf(loaded.info), requests),
    v8: await runInThread(loaded, "v8", requests),
  };
}

async function runInThread(
  loaded: LoadedModule,
  runtime: Runtime,
  requests: readonly ModuleRequest[],
): Promise<Uint8Array[]> {
  await using thread = spawnThread(await prepareEngine(loaded, runtime), () => undefined);
  const replies: Uint8Array[] = [];
  for (const [index, request] of requests.entries()) {
    const parse = (reply: Uint8Array): Uint8Array => reply;
    const sequence = index + 1;
    replies.push(await thread.infer({ sequence, request, deadlineMs: DEADLINE_MS, parse }));
  }
  return replies;
}

/**
 * node:wasi blocks its whole process in `fd_read` and `fd_write`, so it runs in its own process. Standard input and output
 * are files, which do not block like a full pipe.
 */
async function runInNodeWasi(
  path: string,
  io: ModuleIo,
  requests: readonly ModuleRequest[],
): Promise<Uint8Array[]> {
  const directory = await mkdtemp(join(tmpdir(), "sabrewing-wasi-"));
  try {
    const requestFile = join(directory, "requests");
    const replyFile = join(directory, "replies");
    await writeFile(
      requestFile,
      Buffer.concat(requests.map((request, index) => toBytes(request, index + 1, io))),
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
    return splitReplies(await readFile(replyFile), io);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function toBytes(request: ModuleRequest, sequence: number, io: ModuleIo): Uint8Array {
  const bytes = new Uint8Array(requestBytes(io));
  writeRequest(bytes, sequence, request);
  return bytes;
}

function splitReplies(bytes: Uint8Array, io: ModuleIo): Uint8Array[] {
  const replies: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = replyBytes(bytes.subarray(at), io);
    replies.push(Uint8Array.from(bytes.subarray(at, at + length)));
    at += length;
  }
  return replies;
}
