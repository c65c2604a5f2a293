import { COCO_LABELS } from "./coco-labels.ts";
import type { KnownModel } from "./known-model.ts";

/** Every model that `sabrewing pull` can fetch. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    name: "yolov5n",
    files: [
      {
        path: "yolov5n.pt",
        sha256: "4f180cf23ba0717ada0badd6c685026d73d48f184d00fc159c2641284b2ac0a3",
        bytes: 4_062_133,
      },
    ],
    source: {
      kind: "address",
      url: "https://github.com/ultralytics/yolov5/releases/download/v7.0/yolov5n.pt",
    },
    licence: {
      id: "AGPL-3.0",
      holder: "Ultralytics",
      url: "https://github.com/ultralytics/yolov5/blob/v7.0/LICENSE",
      terms:
        "If you distribute the weights, or let others use them over a network, you must offer those users the source under the same licence; Ultralytics sells other terms.",
    },
    input: { width: 640, height: 640 },
    labels: COCO_LABELS,
    accuracy: { dataset: "COCO val2017", map: 28.0, map50: 45.7, size: 640 },
  },
  {
    // MobileNetV3-Large with width multiplier 0.75 and a CenterNet head (Zhou et al., 2019), a TensorFlow.js graph model.
    name: "mobilenet",
    files: [
      {
        path: "mobilenet/centernet.json",
        sha256: "bfb942eaacc5becf738d536663bc4580a0ae9e560722306e6d4dd7fe4a09de05",
        bytes: 201_673,
      },
      {
        path: "mobilenet/centernet.bin",
        sha256: "1b635a15009071f506f9f2b3519b31c072c534888989f30d269ffd44734ef7ef",
        bytes: 4_030_290,
      },
    ],
    source: {
      kind: "npm",
      package: "@vladmandic/human",
      version: "3.3.6",
      integrity:
        "sha512-Nr5mPfq1gQ+uKeXY5uM3Fj8UxvF5CEh2s6txM5wRThqaW0mF9huooOuZSrT8hhGho0hGaXLFdAwfD/2+teCv6A==",
      bytes: 28_615_417,
      members: {
        "package/models/centernet.json": "mobilenet/centernet.json",
        "package/models/centernet.bin": "mobilenet/centernet.bin",
        "package/LICENSE": "mobilenet/LICENSE",
      },
    },
    licence: {
      id: "MIT",
      holder: "Vladimir Mandic",
      url: "https://github.com/vladmandic/human/blob/main/LICENSE",
      terms: "Keep the copyright notice and the licence text with every copy of the weights.",
      file: {
        path: "mobilenet/LICENSE",
        sha256: "9a3442b79acaf4fbc7c2e07b7e2d8f84af9bb3871bf08a69d80304ab00640e9a",
        bytes: 1_067,
      },
    },
    input: { width: 512, height: 512 },
    labels: COCO_LABELS,
    accuracy: {
      dataset: "COCO val2017",
      map: 25.1,
      map50: 42.3,
      size: 512,
      note: "stated by github.com/610265158/mobilenetv3_centernet, where the network was trained, for its float32 weights; there is no published figure for the float16 weights of the package",
    },
  },
];

/** The model with this name, or undefined. */
export function findKnownModel(name: string): KnownModel | undefined {
  return KNOWN_MODELS.find((model) => model.name === name);
}

/** The model that has a file with this SHA-256 (hex), whatever the file's name; or undefined. */
export function recogniseModel(sha256: string): KnownModel | undefined {
  return KNOWN_MODELS.find(({ files }) => files.some((file) => file.sha256 === sha256));
}
