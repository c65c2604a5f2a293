import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { findKnownModel, KNOWN_MODELS, recogniseModel } from "../../../../detectors/catalog/catalog.ts";
import { locateModel } from "../../../../detectors/catalog/locate-model.ts";
import { findModel } from "../../../support/base/materials.ts";
import { importCheckpoint } from "../../../support/models/import-detector.ts";

describe("the catalogue of known models", () => {
  test("lists each model once, with a source, hashes and a licence", () => {
    expect(new Set(KNOWN_MODELS.map(({ name }) => name)).size).toBe(KNOWN_MODELS.length);
    for (const { source, files, licence } of KNOWN_MODELS) {
      if (source.kind === "address") expect(source.url).toMatch(/^https:\/\//);
      else expect(source.integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
      for (const file of files) expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(licence.id).not.toBe("");
    }
  });

  test("states the path in the npm package for every file of a model", () => {
    for (const { source, files, licence } of KNOWN_MODELS) {
      if (source.kind !== "npm") continue;
      const kept = [...files, ...(licence.file ? [licence.file] : [])].map(({ path }) => path);
      expect(Object.values(source.members).toSorted()).toEqual(kept.toSorted());
      expect(source.version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  test("contains the official YOLOv5n and recognises it by its hash", () => {
    const model = findKnownModel("yolov5n");
    expect(model?.licence.id).toBe("AGPL-3.0");
    expect(model?.labels).toHaveLength(80);
    expect(recogniseModel(model?.files[0].sha256 ?? "")).toBe(model);
    expect(recogniseModel("00")).toBeUndefined();
    expect(findKnownModel("yolov9000")).toBeUndefined();
  });

  test("contains a model without AGPL and recognises each of its files", () => {
    const model = findKnownModel("mobilenet");
    expect(model?.licence.id).toBe("MIT");
    expect(model?.labels).toHaveLength(80);
    for (const file of model?.files ?? []) expect(recogniseModel(file.sha256)).toBe(model);
  });

  test.skipIf(!findModel("yolov5n.pt"))("describes the official YOLOv5n correctly", async () => {
    const model = findKnownModel("yolov5n");
    if (!model) throw new Error("yolov5n is not in the catalogue");
    const path = findModel("yolov5n.pt") ?? "";
    expect(await locateModel(model, { env: {}, explicitPath: path })).toBe(path);
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(model.files[0].bytes);
    expect((await importCheckpoint(bytes, { name: model.name })).labels).toEqual(model.labels);
  });

  test.skipIf(!findModel("mobilenet/centernet.json"))("describes MobileNet correctly", async () => {
    const model = findKnownModel("mobilenet");
    if (!model) throw new Error("mobilenet is not in the catalogue");
    const path = findModel("mobilenet/centernet.json") ?? "";
    expect(await locateModel(model, { env: {}, explicitPath: path })).toBe(path);
    for (const file of model.files) {
      expect(statSync(join(dirname(path), basename(file.path))).size).toBe(file.bytes);
    }
  });
});
