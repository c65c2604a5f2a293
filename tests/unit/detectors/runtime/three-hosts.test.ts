import { expect, test } from "vitest";
import { parseDetections } from "../../../../detectors/runtime/detections.ts";
import { ioOf } from "../../../../detectors/runtime/module-io.ts";
import { parseReply } from "../../../../detectors/runtime/reply.ts";
import type { ModuleRequest } from "../../../../detectors/runtime/request.ts";
import {
  fakeDescription,
  fakeDetections,
  fakeFrame,
  fakeModule,
  LABELS,
  writeModuleFile,
} from "../../../support/detectors/fake-modules.ts";
import { MIXED, mixedModule } from "../../../support/detectors/tensor-module.ts";
import { frameRequest, runInThreeHosts } from "../../../support/detectors/three-hosts.ts";

test("replies with the same bytes in Wasmer, node:wasi and plain WebAssembly", async () => {
  // At 320×320 a request is larger than the buffer of a pipe.
  const size = { width: 320, height: 320 };
  const thresholds = { score: 0.1, iou: 0.7 };
  const frames = [3, 0, 2].map((first) => fakeFrame(first, first * 9, size));
  const requests = frames.map((pixels) => frameRequest(pixels, thresholds));
  const { wasmer, nodeWasi, v8 } = await runInThreeHosts(writeModuleFile(fakeModule(size)), requests);
  expect(nodeWasi).toEqual(wasmer);
  expect(v8).toEqual(wasmer);
  const io = ioOf(fakeDescription(size.width, size.height));
  const labels = new Map(LABELS.entries());
  const detections = wasmer.map((reply, index) => parseDetections(parseReply(reply, index + 1, io), labels));
  expect(detections).toEqual(frames.map((pixels) => fakeDetections(pixels, thresholds)));
});

test("replies with the same bytes for several inputs and outputs, parameters and state", async () => {
  const request = (rows: number, gain: number, reset = false): ModuleRequest => ({
    parameters: [gain],
    inputs: [Uint8Array.of(rows, 7, 250), floatBytes(1.5, -2, 0, 0), Uint8Array.of(rows % 2)],
    reset,
  });
  const requests = [request(0, 2), request(4, 0.1), request(3, -1, true), request(1, 1)];
  const { wasmer, nodeWasi, v8 } = await runInThreeHosts(writeModuleFile(mixedModule()), requests);
  expect(nodeWasi).toEqual(wasmer);
  expect(v8).toEqual(wasmer);
  const io = ioOf(MIXED);
  const replies = wasmer.map((reply, index) => parseReply(reply, index + 1, io));
  expect(replies.map(({ count }) => count)).toEqual([0, 4, 3, 1]);
  // The second output is a row of numbers times the gain, the third counts the inferences since the last reset.
  const gain = Math.fround(0.1);
  expect(replies.map(({ outputs: [, product] }) => product)).toEqual([
    floatBytes(3, -4),
    floatBytes(1.5 * gain, -2 * gain),
    floatBytes(-1.5, 2),
    floatBytes(1.5, -2),
  ]);
  expect(replies.map(({ outputs: [, , calls] }) => calls?.[0])).toEqual([1, 2, 1, 2]);
  expect(replies[1]?.outputs[0]).toEqual(Uint8Array.from([1, 2, 3, 4].flatMap(() => [7, 0, 250, 0])));
});

function floatBytes(...numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(numbers).buffer);
}
