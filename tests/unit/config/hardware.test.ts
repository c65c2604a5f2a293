import { describe, expect, test } from "vitest";
import { InvalidConfig } from "../../../agent/config/invalid-config.ts";
import { parseConfig } from "../../../agent/config/load.ts";

function configured(hwaccelArgs: unknown) {
  const value = JSON.stringify(hwaccelArgs);
  const text = [
    "mqtt: { host: broker }",
    "model: { path: model.wasm }",
    `cameras: { door: { ffmpeg: { hwaccel_args: ${value}, inputs: [{ path: rtsp://camera/stream }] } } }`,
  ].join("\n");
  return parseConfig(text, "sabrewing.yml", {}).cameras[0]?.ffmpeg.hwaccel_args;
}

function mistakeIn(hwaccelArgs: unknown): string {
  try {
    configured(hwaccelArgs);
  } catch (error) {
    if (error instanceof InvalidConfig) return error.problems.map(({ message }) => message).join("\n");
    throw error;
  }
  return "none";
}

test("a preset keeps its name", () => {
  expect(configured("preset-rpi-64-h264")).toBe("preset-rpi-64-h264");
});

test("a string and a list of arguments mean the same", () => {
  const args = ["-hwaccel", "vaapi", "-hwaccel_device", "/dev/dri/renderD128"];
  expect(configured(args)).toEqual(args);
  expect(configured(args.join("  "))).toEqual(args);
});

test.each([
  ["-c:v h264_v4l2m2m"],
  ["-codec:v:0 h264_cuvid -gpu 1"],
  ["-init_hw_device vaapi=va:/dev/dri/renderD128"],
])("accepts %s", (args) => {
  expect(configured(args)).toEqual(args.split(" "));
});

test("a misspelt preset gets a suggestion", () => {
  expect(mistakeIn("preset-vapi")).toBe("unknown preset; did you mean preset-vaapi?");
  expect(mistakeIn("auto")).toContain("known presets: preset-rpi-64-h264, ");
});

describe("refuses arguments that do more than choose a decoder", () => {
  test.each([
    ["another input", "-i /etc/passwd"],
    ["an output", "-hwaccel vaapi /tmp/frames.mkv"],
    ["overwriting", "-y"],
    ["another protocol", "-protocol_whitelist file,http,pipe"],
    ["another format", "-f concat"],
    ["a report file", "-report -hwaccel vaapi"],
    ["a progress address", "-progress http://192.0.2.1/"],
    ["a filter", "-filter_complex movie=/etc/passwd"],
    ["larger frames", "-max_pixels 0"],
    ["a log level", "-loglevel debug"],
    ["an X display on another host", "-hwaccel vaapi -hwaccel_device example.com:0"],
    ["an X display as a new device", "-init_hw_device vaapi=va:example.com:0"],
    ["a file as a device", "-hwaccel_device /etc/passwd"],
    ["a path out of /dev", "-hwaccel_device /dev/../etc/passwd"],
    ["an option as a value", "-hwaccel -i"],
    ["an option without a value", "-hwaccel"],
  ])("%s", (_, args) => {
    expect(mistakeIn(args)).not.toBe("none");
    expect(mistakeIn(args.split(" "))).not.toBe("none");
  });
});
