/** What is compared between CPUs: modules whose replies must not depend on one, and what they are asked. */
import sharp from "sharp";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { seededBytes } from "../support/base/seeded.ts";
import { seededYolov5nModule } from "../support/seeded-yolov5n.ts";

/** A module, how it is made, and the pictures it is shown. */
export interface ReplyCase {
  /** `yolov5n-i16` */
  readonly name: string;
  readonly makeModule: () => Promise<Uint8Array>;
  /** Model input height × width × 3 bytes each. */
  readonly makePictures: () => Promise<readonly Uint8Array[]>;
}

const SMALL = { width: 96, height: 64 };
/** Of a camera's 16:10; an emulated look takes seconds. */
const SIZE = { width: 320, height: 192 };
const PHOTOGRAPHS = ["bus", "dog", "street"];

/** f32 without relaxed instructions, and i16: seeded weights everywhere, YOLOv5n where its weights and pictures are. */
export function replyCases(): readonly ReplyCase[] {
  const checkpoint = findModel("yolov5n.pt");
  const photographs = PHOTOGRAPHS.flatMap((name) => findMedia(`images/${name}.jpg`) ?? []);
  const precisions = ["f32", "i16"] as const;
  return precisions.flatMap((precision) => [
    {
      name: `seeded-${precision}`,
      makeModule: () => seededYolov5nModule(SMALL, precision),
      makePictures: async () => [1, 2, 3].map((seed) => seededBytes(seed, SMALL.width * SMALL.height * 3)),
    },
    ...(checkpoint === undefined || photographs.length < PHOTOGRAPHS.length
      ? []
      : [
          {
            name: `yolov5n-${precision}`,
            makeModule: async () => (await compileFile(checkpoint, { size: SIZE, precision })).bytes,
            makePictures: () => Promise.all(photographs.map(loadPhotograph)),
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
