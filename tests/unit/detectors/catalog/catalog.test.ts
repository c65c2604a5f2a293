import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findKnownModel, KNOWN_MODELS, recogniseModel } from "../../../../detectors/catalog/catalog.ts";
import { locateModel } from "../../../../detectors/catalog/locate-model.ts";
import { importCheckpoint } from "../../../../detectors/compiler/import/yolov5-checkpoint.ts";
import { findModel } from "../../../support/materials.ts";

describe("the catalogue of known models", () => {
  it("names each model once, with an address, a hash and a licence", () => {
    expect(new Set(KNOWN_MODELS.map(({ name }) => name)).size).toBe(KNOWN_MODELS.length);
    for (const model of KNOWN_MODELS) {
      expect(model.url).toMatch(/^https:\/\//);
      expect(model.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(model.licence.id).not.toBe("");
    }
  });

  it("has the official YOLOv5n, and knows it again by its hash", () => {
    const model = findKnownModel("yolov5n");
    expect(model?.licence.id).toBe("AGPL-3.0");
    expect(model?.labels).toHaveLength(80);
    expect(recogniseModel(model?.sha256 ?? "")).toBe(model);
    expect(recogniseModel("00")).toBeUndefined();
    expect(findKnownModel("yolov9000")).toBeUndefined();
  });

  it.skipIf(!findModel("yolov5n.pt"))("tells the truth about the official YOLOv5n", async () => {
    const model = findKnownModel("yolov5n");
    if (!model) throw new Error("yolov5n is not in the catalogue");
    const path = findModel("yolov5n.pt") ?? "";
    expect(await locateModel(model, { env: {}, explicitPath: path })).toBe(path);
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(model.bytes);
    expect((await importCheckpoint(bytes, { name: model.name })).labels).toEqual(model.labels);
  });
});
