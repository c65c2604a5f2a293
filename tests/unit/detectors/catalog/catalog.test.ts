import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { findKnownModel, KNOWN_MODELS, recogniseModel } from "../../../../detectors/catalog/catalog.ts";
import { locateModel } from "../../../../detectors/catalog/locate-model.ts";
import { importCheckpoint } from "../../../../detectors/compiler/import/yolov5-checkpoint.ts";
import { findModel } from "../../../support/base/materials.ts";

describe("the catalogue of known models", () => {
  it("names each model once, with a source, hashes and a licence", () => {
    expect(new Set(KNOWN_MODELS.map(({ name }) => name)).size).toBe(KNOWN_MODELS.length);
    for (const { source, files, licence } of KNOWN_MODELS) {
      if (source.kind === "address") expect(source.url).toMatch(/^https:\/\//);
      else expect(source.integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
      for (const file of files) expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(licence.id).not.toBe("");
    }
  });

  it("says for every file of an npm package where in the package it lies", () => {
    for (const { source, files, licence } of KNOWN_MODELS) {
      if (source.kind !== "npm") continue;
      const kept = [...files, ...(licence.file ? [licence.file] : [])].map(({ path }) => path);
      expect(Object.values(source.members).toSorted()).toEqual(kept.toSorted());
      expect(source.version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it("has the official YOLOv5n, and knows it again by its hash", () => {
    const model = findKnownModel("yolov5n");
    expect(model?.licence.id).toBe("AGPL-3.0");
    expect(model?.labels).toHaveLength(80);
    expect(recogniseModel(model?.files[0].sha256 ?? "")).toBe(model);
    expect(recogniseModel("00")).toBeUndefined();
    expect(findKnownModel("yolov9000")).toBeUndefined();
  });

  it("has a model for whoever cannot take AGPL weights, and knows each of its files", () => {
    const model = findKnownModel("mobilenet");
    expect(model?.licence.id).toBe("MIT");
    expect(model?.labels).toHaveLength(80);
    for (const file of model?.files ?? []) expect(recogniseModel(file.sha256)).toBe(model);
  });

  it.skipIf(!findModel("yolov5n.pt"))("tells the truth about the official YOLOv5n", async () => {
    const model = findKnownModel("yolov5n");
    if (!model) throw new Error("yolov5n is not in the catalogue");
    const path = findModel("yolov5n.pt") ?? "";
    expect(await locateModel(model, { env: {}, explicitPath: path })).toBe(path);
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(model.files[0].bytes);
    expect((await importCheckpoint(bytes, { name: model.name })).labels).toEqual(model.labels);
  });

  it.skipIf(!findModel("mobilenet/centernet.json"))("tells the truth about MobileNet", async () => {
    const model = findKnownModel("mobilenet");
    if (!model) throw new Error("mobilenet is not in the catalogue");
    const path = findModel("mobilenet/centernet.json") ?? "";
    expect(await locateModel(model, { env: {}, explicitPath: path })).toBe(path);
    for (const file of model.files) {
      expect(statSync(join(dirname(path), basename(file.path))).size).toBe(file.bytes);
    }
  });
});
