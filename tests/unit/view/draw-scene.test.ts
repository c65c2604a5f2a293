import { expect, test } from "vitest";
import { drawnSize, drawScene, sceneSvg } from "../../../agent/view/draw-scene.ts";
import type { Scene } from "../../../agent/view/scene.ts";

const SIZE = { width: 800, height: 450 };
const EMPTY: Scene = {
  size: SIZE,
  setup: { zones: [], motionMasks: [], objectMasks: [] },
  occupied: new Set(),
  motion: [],
  regions: [],
  objects: [],
  status: "",
  events: [],
};

test("adds only a panel to a frame with nothing to show", async () => {
  const drawn = await draw(EMPTY);
  expect(drawn).toMatchObject(drawnSize(SIZE));
  expect(drawn.height).toBeGreaterThan(SIZE.height);
  expect(drawn.at(400, 225)).toEqual([90, 90, 90]);
  expect(Math.max(...drawn.at(790, SIZE.height + 2))).toBeLessThan(40);
});

test("sizes are even, as H.264 requires, and small frames are enlarged to fit the text", () => {
  for (const size of [
    { width: 801, height: 451 },
    { width: 320, height: 240 },
    { width: 67, height: 33 },
  ]) {
    const { width, height } = drawnSize(size);
    expect([width % 2, height % 2]).toEqual([0, 0]);
    expect(width).toBeGreaterThanOrEqual(640);
  }
});

test("draws motion, regions and objects at their positions", async () => {
  const { at } = await draw({
    ...EMPTY,
    motion: [[100, 100, 200, 200]],
    regions: [[300, 100, 500, 300]],
    objects: [{ box: [600, 100, 700, 300], label: "person", score: 0.9, color: "#0000ff" }],
  });
  expect(at(100, 150)).not.toEqual([90, 90, 90]);
  const [red, green] = [at(300, 110)[0] ?? 0, at(300, 110)[1] ?? 0];
  expect(green - red).toBeGreaterThan(60);
  expect(at(600, 200)[2]).toBeGreaterThan(200);
  expect(at(650, 200)).toEqual([90, 90, 90]);
});

test("enlarges a small frame together with its boxes", async () => {
  const small = { width: 320, height: 240, pixels: new Uint8Array(320 * 240 * 3).fill(90) };
  const object = { box: [100, 100, 150, 200] as const, label: "person", score: 0.9, color: "#0000ff" };
  const { width, pixels } = await drawScene(small, {
    ...EMPTY,
    size: { width: 320, height: 240 },
    objects: [object],
  });
  expect(width).toBe(640);
  expect(pixels[(300 * width + 200) * 3 + 2]).toBeGreaterThan(200);
});

test("fills a zone while an object is in it, and hatches masks", () => {
  const square = [
    [0.1, 0.1],
    [0.5, 0.1],
    [0.5, 0.9],
  ] as const;
  const setup = {
    zones: [{ name: "porch", coordinates: square }],
    motionMasks: [square],
    objectMasks: [square],
  };
  const fill = (scene: Scene) => Number(/fill-opacity="([\d.]+)" stroke/.exec(svgOf(scene))?.[1]);
  const alone = { ...EMPTY, setup };
  expect(fill({ ...alone, occupied: new Set(["porch"]) })).toBeGreaterThan(fill(alone));
  expect(svgOf(alone)).toContain("url(#motion-mask)");
  expect(svgOf(alone)).toContain("url(#object-mask)");
  expect(svgOf(alone)).toContain(">porch</text>");
});

test("shows the latest events in the panel, and truncates long lines", () => {
  const svg = svgOf({
    ...EMPTY,
    status: "12.4 s  moved 1",
    events: ["first", "second", "third", "fourth", "x".repeat(500)].map((text) => ({
      text,
      colour: "#ffffff",
    })),
  });
  expect(svg).toContain("12.4 s  moved 1");
  expect(svg).toContain(">third<");
  expect(svg).not.toContain(">fourth<");
  expect(svgOf({ ...EMPTY, status: "x".repeat(500) })).toContain("x…");
});

function svgOf(scene: Scene): string {
  return sceneSvg(scene, drawnSize(scene.size));
}

async function draw(scene: Scene) {
  const frame = { ...SIZE, pixels: new Uint8Array(SIZE.width * SIZE.height * 3).fill(90) };
  const { width, height, pixels } = await drawScene(frame, scene);
  const at = (x: number, y: number) => [...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
  return { width, height, at };
}
