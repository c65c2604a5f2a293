import { compile } from "../../../detectors/compiler/compile.ts";
import { REPLY_HEADER_BYTES, REQUEST_HEADER_BYTES } from "../../../detectors/module-format.ts";
import { parseDetections } from "../../../detectors/runtime/detections.ts";
import { ioOf, requestBytes } from "../../../detectors/runtime/module-io.ts";
import { parseReply, replyBytes } from "../../../detectors/runtime/reply.ts";
import { writeRequest } from "../../../detectors/runtime/request.ts";
import { seededBytes } from "../base/seeded.ts";
import { runModuleCommand } from "../detectors/module-command.ts";
import { importOnnx } from "../models/import-detector.ts";
import { smallYolov5 } from "../models/yolov5-onnx.ts";
import { at, mutatedBytes } from "./mutate-bytes.ts";
import type { FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

const SIZE = { width: 64, height: 32 };
const LABELS = new Map(["a", "b"].entries());
const WORDS = [
  ...wordsOf("SBW2"),
  ...[0x7fc00000, 0x7f800000, 0xff800000, 0xbf800000].map(
    (bits) => new Uint8Array(Uint32Array.of(bits).buffer),
  ),
];

interface Mutant {
  readonly stdin: Uint8Array;
  readonly chunkBytes: number;
}

/**
 * The module's side of the protocol: mutants of requests. A module answers every complete request. It refuses other input
 * with exit code 1 and one line on standard error, and never traps.
 */
export async function requestTarget(): Promise<FuzzTarget> {
  const imported = importOnnx(smallYolov5(), { name: "asked", size: SIZE });
  const source = { format: "onnx", sha256: "0".repeat(64), licence: "CC0-1.0" } as const;
  const compiled = compile(imported, { source });
  const module = await WebAssembly.compile(Uint8Array.from(compiled.bytes));
  const io = ioOf(compiled.description);
  const frameBytes = SIZE.width * SIZE.height * 3;
  const request = (sequence: number) => {
    const bytes = new Uint8Array(requestBytes(io));
    writeRequest(bytes, sequence, { parameters: [0.05, 0.45], inputs: [seededBytes(sequence, frameBytes)] });
    return bytes;
  };
  const requests = Buffer.concat([request(1), request(2)]);

  return {
    make(random): Mutant {
      // Pixels may have any value: mutate mostly headers, parameters, lengths and order.
      const headBytes = REQUEST_HEADER_BYTES + 4 * io.parameters;
      const intact = requests.subarray(0, headBytes);
      const header = random() < 0.8 ? mutatedBytes(intact, random, WORDS) : intact;
      const rest = requests.subarray(headBytes);
      const stdin = Buffer.concat([header, random() < 0.5 ? mutatedBytes(rest, random, WORDS) : rest]);
      return { stdin, chunkBytes: [1 << 20, 4096, 61][at(random, 3)] ?? 1 };
    },
    async feed(mutant) {
      const { stdin, chunkBytes } = mutant as Mutant;
      const { exitCode, stdout, stderr } = await runModuleCommand(module, stdin, chunkBytes);
      for (let from = 0; from < stdout.length; ) {
        const whole = stdout.subarray(from, from + replyBytes(stdout.subarray(from), io));
        if (whole.length < REPLY_HEADER_BYTES) throw new Error("half a reply");
        parseDetections(parseReply(whole, whole.readUInt32LE(4), io), LABELS);
        from += whole.length;
      }
      if (exitCode === 0 && stderr === "") return true;
      if (exitCode === 1 && /^sabrewing: .+\n$/.test(stderr)) return false;
      throw new Error(`exit code ${exitCode}, standard error ${JSON.stringify(stderr)}`);
    },
  };
}
