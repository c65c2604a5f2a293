import { expect, test } from "vitest";
import { parseReply } from "../../../../detectors/runtime/reply.ts";
import {
  fakeDetections,
  fakeFrame,
  fakeModule,
  LABELS,
  writeModuleFile,
} from "../../../support/detectors/fake-modules.ts";
import { runInThreeHosts } from "../../../support/detectors/three-hosts.ts";

test("replies with the same bytes in Wasmer, node:wasi and plain WebAssembly", async () => {
  // At 320×320 a request is larger than the buffer of a pipe.
  const size = { width: 320, height: 320 };
  const requests = [3, 0, 2].map((first) => ({
    pixels: fakeFrame(first, first * 9, size),
    thresholds: { score: 0.1, iou: 0.7 },
  }));
  const { wasmer, nodeWasi, v8 } = await runInThreeHosts(writeModuleFile(fakeModule(size)), requests);
  expect(nodeWasi).toEqual(wasmer);
  expect(v8).toEqual(wasmer);
  expect(wasmer.map((reply, index) => parseReply(reply, index + 1, LABELS))).toEqual(
    requests.map(({ pixels, thresholds }) => fakeDetections(pixels, thresholds)),
  );
});
