import { COCO_LABELS } from "./coco-labels.ts";
import type { KnownModel } from "./known-model.ts";

/** Every model that `sabrewing pull` can get. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    name: "yolov5n",
    file: "yolov5n.pt",
    url: "https://github.com/ultralytics/yolov5/releases/download/v7.0/yolov5n.pt",
    sha256: "4f180cf23ba0717ada0badd6c685026d73d48f184d00fc159c2641284b2ac0a3",
    bytes: 4_062_133,
    licence: {
      id: "AGPL-3.0",
      holder: "Ultralytics",
      url: "https://github.com/ultralytics/yolov5/blob/v7.0/LICENSE",
      terms:
        "Whoever passes the weights on, or lets others use them over a network, owes those others the source under the same licence; Ultralytics sells other terms.",
    },
    labels: COCO_LABELS,
    accuracy: { dataset: "COCO val2017", map: 28.0, map50: 45.7, size: 640 },
  },
];

/** The model of that name, or undefined. */
export function findKnownModel(name: string): KnownModel | undefined {
  return KNOWN_MODELS.find((model) => model.name === name);
}

/** The model whose weights have this SHA-256 (hex), whatever their file is called; or undefined. */
export function recogniseModel(sha256: string): KnownModel | undefined {
  return KNOWN_MODELS.find((model) => model.sha256 === sha256);
}
