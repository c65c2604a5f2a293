import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import type { ModuleRequest } from "../../detectors/runtime/request.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { seededBytes } from "../support/base/seeded.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { frameRequest, runInThreeHosts } from "../support/detectors/three-hosts.ts";
import { loadImage } from "../support/models/logits.ts";
import { seededYolov5nModule } from "../support/models/seeded-yolov5n.ts";

const THRESHOLDS = { score: 0.05, iou: 0.45 };
const PHOTOGRAPHS = ["bus", "zidane", "dog", "kite", "street"];

describe("a module replies with the same bytes in Wasmer, node:wasi and plain WebAssembly", () => {
  test.for(["f32", "i16", "i8"] as const)("%s, with seeded weights on noise", async (precision) => {
    const size = { width: 96, height: 64 };
    const bytes = await seededYolov5nModule(size, precision);
    const requests = [1, 2, 3].map((seed) =>
      frameRequest(seededBytes(seed, size.width * size.height * 3), THRESHOLDS),
    );
    await expectSameReplies(bytes, requests);
  });

  const checkpoint = findModel("yolov5n.pt");
  const photographs = PHOTOGRAPHS.flatMap((name) => findMedia(`images/${name}.jpg`) ?? []);
  const isMaterialHere = checkpoint !== undefined && photographs.length === PHOTOGRAPHS.length;

  test.skipIf(!isMaterialHere).for([
    { width: 320, height: 320 },
    { width: 640, height: 384 },
  ])("YOLOv5n at $width×$height on photographs", async (size) => {
    const { bytes } = await compileFile(checkpoint ?? "", { size });
    const requests = await Promise.all(
      photographs.map(async (path) => frameRequest(await loadImage(path, size), THRESHOLDS)),
    );
    await expectSameReplies(bytes, requests);
  });
});

async function expectSameReplies(bytes: Uint8Array, requests: readonly ModuleRequest[]): Promise<void> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "model.wasm");
  await writeFile(path, bytes);
  const { wasmer, nodeWasi, v8 } = await runInThreeHosts(path, requests);
  expect(v8).toHaveLength(requests.length);
  // A reply longer than its header has detections to compare.
  expect(v8.some(({ length }) => length > 16)).toBe(true);
  expect(wasmer.map(toHex)).toEqual(v8.map(toHex));
  expect(nodeWasi.map(toHex)).toEqual(v8.map(toHex));
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
