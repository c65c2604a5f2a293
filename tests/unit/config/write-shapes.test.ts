import { chmod, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../agent/base/errors.ts";
import { parseConfig } from "../../../agent/config/load.ts";
import { type CameraShapes, withShapes, writeShapes } from "../../../agent/config/write-shapes.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";

const FILE = `# The house.
mqtt:
  host: broker # in the cellar
model: { path: m.wasm }
cameras:
  door:
    ffmpeg: { inputs: [ { path: "rtsp://cam:{DOOR_PASSWORD}@camera/stream" } ] }
    motion:
      threshold: 30
      # The tree.
      mask: 0.80,0,1,0,1,0.2
    zones:
      # Where parcels lie.
      porch:
        coordinates: "0.1,0.4,0.9,0.4,0.9,1,0.1,1" # to the steps
        inertia: 2
      path:
        coordinates: 0,0,1,0,1,1
  yard:
    ffmpeg: { inputs: [ { path: "rtsp://camera/yard" } ] }
`;
const ENV = { DOOR_PASSWORD: "sekret" };
const SAME: CameraShapes = {
  zones: [
    { name: "porch", before: "porch", coordinates: "0.1,0.4,0.9,0.4,0.9,1,0.1,1" },
    { name: "path", before: "path", coordinates: "0,0,1,0,1,1" },
  ],
  motionMasks: ["0.8,0,1,0,1,0.2"],
  objectMasks: [],
};
const TRIANGLE = "0.2,0.2,0.8,0.2,0.5,0.8";
/** Outside of it. */
const CORNER = "0.9,0,1,0,1,0.1";

const doorOf = (text: string) => parseConfig(text, "sabrewing.yml", ENV).cameras[0];

async function fileWith(text: string, folder: string): Promise<string> {
  const file = join(folder, "sabrewing.yml");
  await writeFile(file, text);
  return file;
}

describe("zones and masks that the page sends", () => {
  test("leave the text as it is if they are the same", () => {
    expect(withShapes(FILE, "door", SAME)).toBe(FILE);
  });

  test("change only what differs, and keep comments, settings and placeholders", () => {
    const [porch, path] = SAME.zones;
    if (porch === undefined || path === undefined) throw new Error("two zones");
    const after = withShapes(FILE, "door", {
      ...SAME,
      zones: [
        { ...porch, name: "steps", coordinates: TRIANGLE },
        path,
        { name: "gate", coordinates: TRIANGLE },
      ],
    });
    expect(after).toBe(
      FILE.replace("      porch:", "      steps:")
        .replace("0.1,0.4,0.9,0.4,0.9,1,0.1,1", TRIANGLE)
        .replace("0,0,1,0,1,1\n", `0,0,1,0,1,1\n      gate:\n        coordinates: "${TRIANGLE}"\n`),
    );
  });

  test("are removed, and added to a camera that had none", () => {
    const none = withShapes(FILE, "door", { zones: [], motionMasks: [], objectMasks: [] });
    expect(doorOf(none)).toMatchObject({ zones: [], motion: { mask: [], threshold: 30 } });
    const yard = withShapes(FILE, "yard", {
      zones: [{ name: "lawn", coordinates: TRIANGLE }],
      motionMasks: [TRIANGLE],
      objectMasks: [CORNER, CORNER],
    });
    const [, camera] = parseConfig(yard, "sabrewing.yml", ENV).cameras;
    expect(camera?.zones.map(({ name }) => name)).toEqual(["lawn"]);
    expect([camera?.motion.mask.length, camera?.objects.mask.length]).toEqual([1, 2]);
  });
});

describe("writing them", () => {
  test("replaces the file at once and keeps its permissions, also behind a link", async () => {
    await using folder = await temporaryFolder();
    const file = await fileWith(FILE, folder.path);
    await chmod(file, 0o640);
    const link = join(folder.path, "link.yml");
    await symlink(file, link);
    await writeShapes(link, ENV, "door", { ...SAME, objectMasks: [TRIANGLE] });
    expect(doorOf(await readFile(file, "utf8"))?.objects.mask).toHaveLength(1);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  test.each([
    ["a name that is none", { ...SAME, zones: [{ name: "a b", coordinates: TRIANGLE }] }],
    [
      "two zones with one name",
      { ...SAME, zones: [...SAME.zones, { name: "porch", coordinates: TRIANGLE }] },
    ],
    ["the name of a camera", { ...SAME, zones: [{ name: "yard", coordinates: TRIANGLE }] }],
    ["a polygon out of the frame", { ...SAME, motionMasks: ["0,0,3,0,1,1"] }],
    ["text that is no polygon", { ...SAME, objectMasks: ["x: y\nmqtt: {}"] }],
  ] satisfies readonly (readonly [string, CameraShapes])[])(
    "refuses %s, and leaves the file",
    async (_, shapes) => {
      await using folder = await temporaryFolder();
      const file = await fileWith(FILE, folder.path);
      await expect(writeShapes(file, ENV, "door", shapes)).rejects.toThrow(ConfigError);
      expect(await readFile(file, "utf8")).toBe(FILE);
    },
  );

  test("refuses zones that two cameras share by an alias: it would change both", async () => {
    await using folder = await temporaryFolder();
    const shared = FILE.replace("    zones:\n", "    zones: &zones\n")
      .replace("    motion:\n", "    motion: &motion\n")
      .replace('camera/yard" } ] }\n', 'camera/yard" } ] }\n    motion: *motion\n');
    const file = await fileWith(shared, folder.path);
    await expect(writeShapes(file, ENV, "door", { ...SAME, motionMasks: [TRIANGLE] })).rejects.toThrow(
      /cannot change the zones and masks of camera/,
    );
    await expect(
      writeShapes(file, ENV, "yard", { ...SAME, zones: [], motionMasks: [TRIANGLE] }),
    ).rejects.toThrow(/cannot change the zones and masks of camera/);
    expect(await readFile(file, "utf8")).toBe(shared);
  });

  test("refuses a file that is no longer valid, and a camera that no longer exists", async () => {
    await using folder = await temporaryFolder();
    const file = await fileWith(FILE.replace("threshold", "treshold"), folder.path);
    await expect(writeShapes(file, ENV, "door", SAME)).rejects.toThrow(/did you mean threshold/);
    const other = await fileWith(FILE, folder.path);
    await expect(writeShapes(other, ENV, "gone", { ...SAME, zones: [] })).rejects.toThrow(ConfigError);
  });

  test("reports that the file cannot be written", async () => {
    await using folder = await temporaryFolder();
    const file = await fileWith(FILE, folder.path);
    // In place of the temporary file.
    await mkdir(`${file}.partial`);
    await expect(writeShapes(file, ENV, "door", { ...SAME, objectMasks: [TRIANGLE] })).rejects.toThrow(
      /cannot write the configuration .*sabrewing.yml \(/,
    );
    expect(await readFile(file, "utf8")).toBe(FILE);
  });
});
