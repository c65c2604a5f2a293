/** The configuration accepts the shapes in which Frigate's users write the keys that both have. */
import { describe, expect, test } from "vitest";
import { InvalidConfig } from "../../../agent/config/invalid-config.ts";
import { parseConfig } from "../../../agent/config/load.ts";

const BROKER_AND_MODEL = "mqtt: {host: broker}\nmodel: {path: m.wasm}\n";
const STREAM = 'ffmpeg: {inputs: [{path: "rtsp://10.0.0.7/1"}]}';

function camerasIn(text: string) {
  return parseConfig(BROKER_AND_MODEL + text, "sabrewing.yml", {}).cameras;
}

function mistakes(text: string): string[] {
  try {
    parseConfig(BROKER_AND_MODEL + text, "sabrewing.yml", {});
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.problems.map(({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`);
  }
  return [];
}

describe("a section at the top", () => {
  test("applies to every camera, which overrides single keys, but replaces lists as a whole", () => {
    const [door, yard] = camerasIn(`
ffmpeg: {hwaccel_args: preset-vaapi, retry_interval: 30}
detect: {width: 1280, height: 720, fps: 7, stationary: {interval: 9}}
motion: {threshold: 25, mask: ["0,0,1,0,1,1"]}
objects: {track: [person, car], filters: {person: {min_area: 100}, car: {min_ratio: 1}}}
snapshots: {retain_days: 3}
cameras:
  door: {${STREAM}}
  yard:
    ${STREAM.replace("}]", "}], retry_interval: 5")}
    detect: {fps: 4, stationary: {threshold: 8}}
    motion: {mask: []}
    objects: {track: car, filters: {car: {max_ratio: 3}}}
`);
    expect(door?.ffmpeg).toMatchObject({ hwaccel_args: "preset-vaapi", retry_interval: 30 });
    expect(door?.detect).toMatchObject({ width: 1280, height: 720, fps: 7, stationary: { interval: 9 } });
    expect(door?.motion).toMatchObject({ threshold: 25, mask: [expect.anything()] });
    expect(door?.objects.track).toEqual(["person", "car"]);
    expect(door?.snapshots.retain_days).toBe(3);
    expect(yard?.ffmpeg).toMatchObject({ hwaccel_args: "preset-vaapi", retry_interval: 5 });
    expect(yard?.detect).toMatchObject({ width: 1280, fps: 4, stationary: { interval: 9, threshold: 8 } });
    expect(yard?.motion).toMatchObject({ threshold: 25, mask: [] });
    expect(yard?.objects.filters).toEqual({ car: expect.objectContaining({ min_ratio: 1, max_ratio: 3 }) });
  });

  test("is checked also where every camera overrides it", () => {
    expect(mistakes(`detect: {fps: fast}\ncameras:\n  door: {${STREAM}, detect: {fps: 5}}\n`)).toEqual([
      '3:15 detect.fps: expected a number, received "fast"',
    ]);
  });

  test("gets one report for a mistake, at its own place", () => {
    const text = `objects: {track: [person, motion]}\nmotion: {treshold: 3}\ncameras:\n  a: {${STREAM}}\n  b: {${STREAM}}\n`;
    expect(mistakes(text)).toEqual([
      expect.stringMatching(/^3:27 objects\.track\.1: the count of this label cannot be published/),
      "4:10 motion.treshold: unknown key; did you mean threshold?",
    ]);
  });

  test("may not filter a label that no camera tracks", () => {
    expect(mistakes(`objects: {filters: {cat: {}}}\ncameras:\n  door: {${STREAM}}\n`)).toEqual([
      "3:21 objects.filters.cat: this filter has no effect: no camera tracks the label",
    ]);
  });

  test("may have filters beside a camera with a mistake", () => {
    expect(mistakes("objects: {filters: {person: {}}}\ncameras:\n  door: {ffmpeg: {inputs: []}}\n")).toEqual([
      expect.stringMatching(/^5:27 cameras\.door\.ffmpeg\.inputs: /),
    ]);
  });

  test("has no inputs, because each camera has its own", () => {
    expect(mistakes(`${STREAM}\ncameras:\n  door: {${STREAM}}\n`)).toEqual([
      expect.stringMatching(/^3:10 ffmpeg\.inputs: unknown key/),
    ]);
  });
});

describe("several inputs", () => {
  const inputs = (...roles: string[]) =>
    `cameras:\n  door:\n    ffmpeg:\n      inputs:\n${roles.map((own, index) => `        - {path: "rtsp://10.0.0.7/${index}"${own}}`).join("\n")}\n`;

  test("are reduced to the one with the role detect", () => {
    const [door] = camerasIn(inputs(", roles: [record, audio]", ", roles: [detect]"));
    expect(door?.ffmpeg.inputs).toEqual([{ path: "rtsp://10.0.0.7/1", transport: "auto" }]);
  });

  test("need this role, unless there is only one input", () => {
    expect(camerasIn(inputs(", roles: [record]"))[0]?.ffmpeg.inputs[0].path).toBe("rtsp://10.0.0.7/0");
    for (const [count, text] of [
      [0, inputs("", ", roles: [record]")],
      [2, inputs(", roles: [detect]", ", roles: [detect]")],
    ] as const) {
      expect(mistakes(text)).toEqual([
        `6:7 cameras.door.ffmpeg.inputs: of several inputs, exactly one must have roles: [detect]; ${count} have it`,
      ]);
    }
  });
});

describe("a polygon", () => {
  const SIZE = "detect: {width: 200, height: 100}";
  const zone = (coordinates: string, size = SIZE) =>
    `cameras:\n  door: {${STREAM}, ${size}, zones: {porch: {coordinates: ${coordinates}}}}\n`;
  const HALF = [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
  ];

  test.each([
    '"0,0,0.5,0,0.5,1"',
    '["0,0", "0.5,0", "0.5,1"]',
    '"0,0,100,0,100,100"',
    "[0, 0, 100, 0, 100, 100]",
  ])("of a zone may be %s", (coordinates) => {
    expect(camerasIn(zone(coordinates))[0]?.zones[0]?.coordinates).toEqual(HALF);
  });

  test.each([
    '"0,0,100,0,100,100"',
    '["0,0,100,0,100,100"]',
    '["0,0", "0.5,0", "0.5,1"]',
    '{statue: {friendly_name: Statue, coordinates: "0,0,0.5,0,0.5,1"}}',
    '{statue: {coordinates: ["0,0,100,0,100,100"]}, other: {enabled: false, coordinates: "0,0,1,0,1,1"}}',
  ])("of a mask may be %s", (mask) => {
    const filters = `objects: {mask: ${mask}, filters: {person: {mask: ${mask}}}}`;
    const [door] = camerasIn(`cameras:\n  door: {${STREAM}, ${SIZE}, motion: {mask: ${mask}}, ${filters}}\n`);
    expect(door?.motion.mask).toEqual([HALF]);
    expect(door?.objects.mask).toEqual([HALF]);
    expect(door?.objects.filters.person?.mask).toEqual([HALF]);
  });

  test("in pixels needs the size of the detect frame, and lies inside it", () => {
    expect(mistakes(zone('"0,0,100,0,100,100"', "detect: {}"))).toEqual([
      expect.stringMatching(/porch\.coordinates: expected numbers from 0 to 1 .*also set detect\.width/),
    ]);
    expect(mistakes(zone('"0,0,300,0,100,100"'))).toEqual([
      expect.stringMatching(/porch\.coordinates: expected pixels inside the detect frame of 200×100/),
    ]);
  });
});

describe("YAML", () => {
  test("may have anchors in x- blocks at the top, and merge keys, also several", () => {
    const [door, yard] = camerasIn(`
x-slow: &slow {fps: 2, idle: all}
x-camera: &camera
  detect: &detect {<<: *slow, min_initialized: 3}
  objects: {track: [car]}
cameras:
  door: {${STREAM}, <<: *camera}
  yard: {${STREAM}, detect: {<<: [{fps: 3}, *detect], idle: keyframes}}
`);
    expect(door?.detect).toMatchObject({ fps: 2, idle: "all", min_initialized: 3 });
    expect(door?.objects.track).toEqual(["car"]);
    expect(yard?.detect).toMatchObject({ fps: 3, idle: "keyframes", min_initialized: 3 });
  });

  test("names the place of a mistake behind an alias or a merge key", () => {
    const text = `x-a: &a\n  fps: fast\ncameras:\n  door:\n    ${STREAM}\n    detect: {<<: *a}\n  yard:\n    ${STREAM}\n    detect: *a\n`;
    expect(mistakes(text)).toEqual([
      '4:8 cameras.door.detect.fps: expected a number, received "fast"',
      '4:8 cameras.yard.detect.fps: expected a number, received "fast"',
    ]);
  });

  test("has unknown keys that start with x- only at the top", () => {
    expect(mistakes(`cameras:\n  door: {${STREAM}, x-note: {}}\n`)).toEqual([
      expect.stringMatching(/cameras\.door\.x-note: unknown key/),
    ]);
  });

  test("refuses a merge key without a mapping", () => {
    expect(mistakes(`cameras:\n  door:\n    ${STREAM}\n    <<: 5\n`)).toEqual([
      "6:5 cameras.door.<<: expected an alias of a mapping (*NAME), or a list of them",
    ]);
  });

  test("refuses an alias before or without its anchor where it stands", () => {
    const noAnchor =
      "not valid YAML: no anchor of this name stands before this alias; put quotes around a text that starts with *";
    const camera = `cameras:\n  door: {${STREAM}, motion: *m}\n`;
    expect(mistakes(`x-m: &m {threshold: 30}\n${camera}`)).toEqual([]);
    expect(mistakes(`${camera}x-m: &m {threshold: 30}\n`)).toEqual([expect.stringContaining(noAnchor)]);
    expect(mistakes(`${camera}x-m: &m {threshold: 30}\n`)[0]).toMatch(/^4:/);
  });

  test("refuses a second document", () => {
    expect(mistakes(`cameras: {door: {${STREAM}}}\n---\nmqtt: {host: other}\n`)).toEqual([
      expect.stringContaining("a line --- begins a second document"),
    ]);
  });

  test("refuses merge keys that multiply, before they take time or memory", () => {
    const levels = Array.from({ length: 60 }, (_, level) => level);
    const doubled = levels.map((level) => `x-${level + 1}: &a${level + 1} {<<: [*a${level}, *a${level}]}`);
    const camera = `cameras: {door: {${STREAM}, <<: *a60}}`;
    expect(mistakes(`x-0: &a0 {enabled: false}\n${doubled.join("\n")}\n${camera}\n`)).toEqual([
      "1:1 : not valid YAML: Excessive alias count indicates a resource exhaustion attack",
    ]);
    const large = Array.from({ length: 2000 }, (_, index) => `k${index}: 1`).join(", ");
    const merging = `  door: {<<: [${"*large, ".repeat(6)}]}`;
    expect(mistakes(`x-large: &large {${large}}\ncameras:\n${merging}\n`)).toContainEqual(
      "5:10 cameras.door.<<: merge keys add more than 10000 keys",
    );
  });
});

test.each([
  ["an empty text", '""'],
  ["a long text", `"${"x".repeat(101)}"`],
])("%s in place of labels is one mistake, also with a zone, which needs the labels", (_, track) => {
  const zones = 'zones: {porch: {coordinates: "0,0,1,0,1,1", objects: car}}';
  const found = mistakes(`cameras: {door: {${STREAM}, objects: {track: ${track}}, ${zones}}}`);
  expect(found).toEqual([expect.stringContaining("expected a label or a list of labels")]);
});
