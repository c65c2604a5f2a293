import { expect, test } from "vitest";
import { silentLog } from "../../agent/base/log.ts";
import { AgentConfigSchema } from "../../agent/config/schema.ts";
import { detectorOptions, requireKnownLabels, requireModelLabels } from "../../agent/detector-for-cameras.ts";
import { recordingLog } from "../support/agent/log-lines.ts";

const config = AgentConfigSchema.parse({
  mqtt: { host: "broker" },
  model: { path: "m.wasm", precision: "auto" as const },
  cameras: {
    door: { ffmpeg: { inputs: [{ path: "rtsp://camera/1" }] }, objects: { track: ["person", "cow"] } },
    yard: { ffmpeg: { inputs: [{ path: "rtsp://camera/2" }] }, objects: { track: ["sheep", "person"] } },
  },
});

const { cameras, detector } = config;
const [first] = cameras;
if (first === undefined) throw new Error("two cameras");

test("`auto` opens an instance per camera, leaves one core free, and opens at least one", () => {
  const instances = (cores: number) => detectorOptions(config, cameras, silentLog(), cores).instances;
  expect([1, 2, 3, 8].map(instances)).toEqual([1, 1, 2, 2]);
  expect(
    detectorOptions({ ...config, detector: { ...detector, instances: 5 } }, cameras, silentLog(), 2)
      .instances,
  ).toBe(5);
});

test("logs messages of the detector at their level", () => {
  const { log, lines } = recordingLog();
  detectorOptions(config, cameras, log).log?.({ level: "warn", message: "deadline" });
  expect(lines).toMatchObject([{ level: "warn", msg: "deadline" }]);
});

test("lists all labels that the model lacks, and those that it has", () => {
  const check = () => requireKnownLabels(cameras, { name: "yolov5n", labels: ["person", "dog"] });
  expect(check).toThrow(/camera door tracks "cow", camera yard tracks "sheep"/);
  expect(check).toThrow(
    expect.objectContaining({ name: "ConfigError", remedy: expect.stringMatching(/person, dog/) }),
  );
  expect(() =>
    requireKnownLabels(cameras, { name: "all", labels: ["person", "cow", "sheep"] }),
  ).not.toThrow();
});

test("suggests the label that a mistyped one resembles", () => {
  const model = { name: "yolov5n", labels: ["person", "dog"] };
  const mistyped = [{ name: "door", objects: { ...first.objects, track: ["perosn", "cow"] } }];
  expect(() => requireKnownLabels(mistyped, model)).toThrow(
    /door tracks "perosn" \(did you mean person\?\), camera door tracks "cow"$/,
  );
  expect(() => requireModelLabels(["Dog"], model, "--track")).toThrow(
    /--track names "Dog" \(did you mean dog\?\)$/,
  );
});

test("compares a mistyped label with a limited number of labels, which come from outside", () => {
  const labels = [...Array.from({ length: 1_000 }, (_, index) => `label ${index}`), "person"];
  expect(() => requireModelLabels(["perosn"], { name: "all", labels }, "--track")).toThrow(/names "perosn"$/);
});

test("lists only the first of thousands of labels", () => {
  const labels = Array.from({ length: 10_000 }, (_, index) => `label ${index}`);
  const check = () => requireKnownLabels(cameras, { name: "all", labels });
  const remedy = expect.stringMatching(/label 99 and 9900 more \(sabrewing inspect lists them\)\.$/);
  expect(check).toThrow(expect.objectContaining({ remedy }));
});

test("passes only the pinned hash and key of the module to the detector", () => {
  const sha256 = "a".repeat(64);
  const trusted = (model: typeof config.model) =>
    detectorOptions({ ...config, model }, cameras, silentLog()).trust;
  expect(trusted({ path: "m.wasm", precision: "auto" })).toEqual({});
  expect(trusted({ path: "m.wasm", precision: "auto", sha256, public_key: "MCow" })).toEqual({
    sha256,
    publicKey: "MCow",
  });
});
