import { describe, expect, test } from "vitest";
import { InvalidConfig } from "../../../agent/config/invalid-config.ts";
import { parseConfig } from "../../../agent/config/load.ts";

const DEFAULTS = {
  alerts: { enabled: true, labels: ["person", "car"], required_zones: [], cutoff_time: 40 },
  detections: { enabled: true, required_zones: [], cutoff_time: 30 },
};

describe("the review settings of a camera", () => {
  test("are Frigate's defaults, even if the camera does not track their labels", () => {
    expect(reviewsIn("", "")).toEqual([DEFAULTS, DEFAULTS]);
  });

  test("are those of the section for all cameras, except for the keys that the camera sets", () => {
    const all = "{alerts: {labels: [dog, person], cutoff_time: 10}, detections: {enabled: false}}";
    const own = "{alerts: {labels: [dog], required_zones: [porch]}}";
    expect(reviewsIn(all, own)).toEqual([
      {
        alerts: { ...DEFAULTS.alerts, labels: ["dog"], required_zones: ["porch"], cutoff_time: 10 },
        detections: { ...DEFAULTS.detections, enabled: false },
      },
      {
        alerts: { ...DEFAULTS.alerts, labels: ["dog", "person"], cutoff_time: 10 },
        detections: { ...DEFAULTS.detections, enabled: false },
      },
    ]);
  });

  test("accept a single name as a string, and an empty list as no label at all", () => {
    const [door] = reviewsIn("", "{alerts: {labels: dog, required_zones: porch}, detections: {labels: []}}");
    expect(door).toMatchObject({
      alerts: { labels: ["dog"], required_zones: ["porch"] },
      detections: { labels: [] },
    });
  });
});

describe("a mistake in review settings is reported where it is written", () => {
  test.each([
    {
      what: "a zone that the camera does not have",
      all: "",
      own: "{alerts: {required_zones: [porch, proch]}}",
      mistakes: [
        "10:47 cameras.door.review.alerts.required_zones.1: the camera has no zone with this name; add it to its zones",
      ],
    },
    {
      what: "a zone that one of the cameras does not have, for all cameras",
      all: "{alerts: {required_zones: [porch]}}",
      own: "",
      mistakes: [
        "1:36 review.alerts.required_zones.0: the camera has no zone with this name; add it to its zones (camera yard)",
      ],
    },
    {
      what: "a label that the camera does not track",
      all: "",
      own: "{detections: {labels: [cat]}}",
      mistakes: [
        "10:36 cameras.door.review.detections.labels.0: this camera does not track this label; add it to objects.track",
      ],
    },
    {
      what: "a label that no camera tracks, for all cameras",
      all: "{alerts: {labels: [person, dgo]}}",
      own: "",
      mistakes: ["1:36 review.alerts.labels.1: no camera tracks this label; add it to objects.track"],
    },
    {
      what: "an unknown key, for all cameras",
      all: "{alerts: {label: [person]}}",
      own: "",
      mistakes: ["1:19 review.alerts.label: unknown key; did you mean labels?"],
    },
    {
      what: "a value of the wrong type, for all cameras",
      all: "{alerts: {cutoff_time: soon}}",
      own: "{alerts: {enabled: 1}}",
      mistakes: [
        '1:32 review.alerts.cutoff_time: expected a number, received "soon"',
        "10:32 cameras.door.review.alerts.enabled: expected true or false, received 1",
      ],
    },
    {
      what: "a section that is no mapping",
      all: "[alerts]",
      own: "",
      mistakes: ["1:9 review: expected a mapping, received a list of 1 entry"],
    },
  ])("$what", ({ all, own, mistakes }) => {
    expect(mistakesIn(all, own)).toEqual(mistakes);
  });
});

function config(all: string, own: string): string {
  return `${all === "" ? "" : `review: ${all}`}
mqtt: {host: broker}
model: {path: /models/m.wasm}
cameras:
  door:
    ffmpeg: {inputs: [{path: "rtsp://10.0.0.7/1"}]}
    objects: {track: [person, dog]}
    zones: {porch: {coordinates: "0,0,1,0,1,1"}}
    # This camera has settings of its own.
    ${own === "" ? "" : `review: ${own}`}
  yard:
    ffmpeg: {inputs: [{path: "rtsp://10.0.0.8/1"}]}
`;
}

function reviewsIn(all: string, own: string) {
  return parseConfig(config(all, own), "test.yml", {}).cameras.map(({ review }) => review);
}

function mistakesIn(all: string, own: string): readonly string[] {
  try {
    parseConfig(config(all, own), "test.yml", {});
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.problems.map(({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`);
  }
  return [];
}
