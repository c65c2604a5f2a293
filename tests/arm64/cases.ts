/** The modules and images whose replies must be the same on every CPU. */
import sharp from "sharp";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { seededBytes } from "../support/base/seeded.ts";
import { seededYolov5nModule } from "../support/models/seeded-yolov5n.ts";

/** A module and its images. */
export interface ReplyCase {
  /** `yolov5n-i16` */
  readonly name: string;
  readonly makeModule: () => Promise<Uint8Array>;
  /** Model input height × width × 3 bytes each. */
  readonly makeImages: () => Promise<readonly Uint8Array[]>;
}

const SMALL = { width: 96, height: 64 };
/** 16:10, like many cameras. One inference on an emulated CPU takes seconds. */
const SIZE = { width: 320, height: 192 };
const PHOTOGRAPHS = ["bus", "dog", "street"];

/** f32 without relaxed instructions and i16, with seeded weights, and with those of YOLOv5n if its material is present. */
export function replyCases(): readonly ReplyCase[] {
  const checkpoint = findModel("yolov5n.pt");
  const photographs = PHOTOGRAPHS.flatMap((name) => findMedia(`images/${name}.jpg`) ?? []);
  const precisions = ["f32", "i16"] as const;
  return precisions.flatMap((precision) => [
    {
      name: `seeded-${precision}`,
      makeModule: () => seededYolov5nModule(SMALL, precision),
      makeImages: async () => [1, 2, 3].map((seed) => seededBytes(seed, SMALL.width * SMALL.height * 3)),
    },
    ...(checkpoint === undefined || photographs.length < PHOTOGRAPHS.length
      ? []
      : [
          {
            name: `yolov5n-${precision}`,
            makeModule: async () => (await compileFile(checkpoint, { size: SIZE, precision })).bytes,
            makeImages: () => Promise.all(photographs.map(loadPhotograph)),
          },
        ]),
  ]);
}

async function loadPhotograph(path: string): Promise<Uint8Array> {
  return sharp(path)
    .resize({ ...SIZE, fit: "fill" })
    .removeAlpha()
    .raw()
    .toBuffer();
}
