import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CompileFileOptions, compileFile } from "../../../../../detectors/compiler/compile-file.ts";
import { seededBytes } from "../../../../support/base/seeded.ts";
import { temporaryFolder } from "../../../../support/base/temporary-folder.ts";
import { writeCheckpoint } from "../../../../support/checkpoint.ts";

const SIZE = { width: 64, height: 32 };

async function compileTiny(options: CompileFileOptions) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "tiny.pt");
  await writeFile(file, writeCheckpoint());
  return compileFile(file, { size: SIZE, ...options });
}

describe("compiling to integers", () => {
  it("asks for pictures of the model's size and tells of each that it has looked at", async () => {
    const asked: unknown[] = [];
    const told: number[][] = [];
    const { description } = await compileTiny({
      precision: "i16",
      calibrationPictures: async (input) => {
        asked.push(input);
        return [seededBytes(1, 64 * 32 * 3), seededBytes(2, 64 * 32 * 3)];
      },
      onCalibrated: (pictures, total) => told.push([pictures, total]),
    });
    expect(description.precision).toBe("i16");
    expect(asked).toEqual([SIZE]);
    expect(told).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  it("stores numbers as far as they went on those pictures", async () => {
    const black = async () => [new Uint8Array(64 * 32 * 3)];
    const noise = async () => [seededBytes(1, 64 * 32 * 3)];
    const onBlack = await compileTiny({ precision: "i16", calibrationPictures: black });
    const onNoise = await compileTiny({ precision: "i16", calibrationPictures: noise });
    expect(Buffer.from(onBlack.bytes).equals(onNoise.bytes)).toBe(false);
  });

  it("makes up pictures where it is given none: the same module every time", async () => {
    const [first, second] = [
      await compileTiny({ precision: "i16" }),
      await compileTiny({ precision: "i16" }),
    ];
    expect(Buffer.from(first.bytes).equals(second.bytes)).toBe(true);
  });

  it("asks for nothing where numbers stay floats", async () => {
    const refuse = () => Promise.reject(new Error("nobody needs pictures"));
    const { description } = await compileTiny({ calibrationPictures: refuse });
    expect(description.precision).toBe("f32");
  });
});
