import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CompileFileOptions, compileFile } from "../../../../../detectors/compiler/compile-file.ts";
import { seededBytes } from "../../../../support/base/seeded.ts";
import { temporaryFolder } from "../../../../support/base/temporary-folder.ts";
import { writeCheckpoint } from "../../../../support/models/checkpoint.ts";

const SIZE = { width: 64, height: 32 };

async function compileTiny(options: CompileFileOptions) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "tiny.pt");
  await writeFile(file, writeCheckpoint());
  return compileFile(file, { size: SIZE, ...options });
}

describe("compiling to integers", () => {
  test("requests images of the model's size and reports progress after each", async () => {
    const requested: unknown[] = [];
    const reported: number[][] = [];
    const { description } = await compileTiny({
      precision: "i16",
      calibrationImages: async (input) => {
        requested.push(input);
        return [seededBytes(1, 64 * 32 * 3), seededBytes(2, 64 * 32 * 3)];
      },
      onCalibrated: (images, total) => reported.push([images, total]),
    });
    expect(description.precision).toBe("i16");
    expect(requested).toEqual([SIZE]);
    expect(reported).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  test("chooses ranges from the calibration images", async () => {
    const black = async () => [new Uint8Array(64 * 32 * 3)];
    const noise = async () => [seededBytes(1, 64 * 32 * 3)];
    const onBlack = await compileTiny({ precision: "i16", calibrationImages: black });
    const onNoise = await compileTiny({ precision: "i16", calibrationImages: noise });
    expect(Buffer.from(onBlack.bytes).equals(onNoise.bytes)).toBe(false);
  });

  test("uses synthetic images by default, which give the same module every time", async () => {
    const [first, second] = [
      await compileTiny({ precision: "i16" }),
      await compileTiny({ precision: "i16" }),
    ];
    expect(Buffer.from(first.bytes).equals(second.bytes)).toBe(true);
  });

  test("does not request images for f32", async () => {
    const refuse = () => Promise.reject(new Error("no images are needed"));
    const { description } = await compileTiny({ calibrationImages: refuse });
    expect(description.precision).toBe("f32");
  });
});
