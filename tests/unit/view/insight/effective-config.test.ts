import { expect, test } from "vitest";
import { parseConfig } from "../../../../agent/config/load.ts";
import { effectiveConfig } from "../../../../agent/view/insight/effective-config.ts";

const TEXT = `
mqtt: {host: broker, user: sabre, password: sekret1234}
model: {path: m.wasm}
view: {enabled: true, token: sekret0123456789abc}
cameras:
  door:
    ffmpeg: {inputs: [{path: "rtsp://cam:sekret5678@camera/stream?token=sekret9"}]}
    detect: {fps: 7}
    objects: {track: [person, dog], filters: {dog: {min_score: 0.3}}}
    zones: {porch: {coordinates: "0.1,0.4,0.9,0.4,0.9,1"}}
`;

const config = parseConfig(TEXT, "sabrewing.yml", {});
const [camera] = config.cameras;
if (camera === undefined) throw new Error("a camera");
const settings = effectiveConfig(config, camera);
const find = (section: string, key: string) =>
  settings.find((setting) => setting.section === section && setting.key === key);

test("the configuration in force contains given values and defaults, with the manual's words", () => {
  expect(find("", "detect.fps")).toEqual({
    section: "",
    key: "detect.fps",
    value: "7",
    description: "Frames analysed per second.",
    isDefault: false,
  });
  expect(find("", "objects.track")).toMatchObject({ value: "person, dog", isDefault: false });
  expect(find("", "objects.filters.dog.min_score")).toMatchObject({ value: "0.3" });
  expect(find("", "zones.porch.coordinates")).toMatchObject({ value: "0.1,0.4,0.9,0.4,0.9,1" });
  expect(find("", "zones.porch.inertia")).toMatchObject({ value: "3", isDefault: true });
  expect(find("", "ffmpeg.inputs.0.transport")).toMatchObject({ value: "auto", isDefault: true });
  expect(find("mqtt", "mqtt.host")).toMatchObject({ value: "broker" });
});

test("it contains no secret", () => {
  expect(JSON.stringify(settings)).not.toMatch(/sekret|sabre"/);
  expect(find("mqtt", "mqtt.password")?.value).toBe("(set, not shown)");
  expect(find("", "ffmpeg.inputs.0.path")?.value).toBe("rtsp://cam:***@camera/stream?token=***");
});
