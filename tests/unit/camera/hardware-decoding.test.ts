import { expect, test } from "vitest";
import { chooseHardware } from "../../../agent/camera/hardware-decoding.ts";
import { HARDWARE_PRESETS } from "../../../agent/config/hardware-schema.ts";

test("each preset decodes H.264 or H.265 and leaves no frames on the device", () => {
  for (const preset of HARDWARE_PRESETS) {
    const choices = [chooseHardware(preset, "H264"), chooseHardware(preset, "H265")];
    const args = choices.flatMap((choice) => choice.args ?? []);
    expect(args, preset).not.toEqual([]);
    expect(args).not.toContain("-hwaccel_output_format");
  }
});

test("a preset for another codec is not used, and the reason says so", () => {
  expect(chooseHardware("preset-rpi-64-h264", "H265")).toEqual({
    args: undefined,
    reason: "preset-rpi-64-h264 decodes H264, but the stream is H265",
  });
});

test("without a setting the software decodes, and there is no reason to report", () => {
  expect(chooseHardware([], "H264")).toEqual({ args: undefined, reason: undefined });
});

test("frames do not stay on the device with the arguments that Frigate's users write", () => {
  const { args } = chooseHardware(
    ["-hwaccel", "vaapi", "-hwaccel_device", "/dev/dri/renderD128", "-hwaccel_output_format", "vaapi"],
    "H264",
  );
  expect(args).toEqual(["-hwaccel", "vaapi", "-hwaccel_device", "/dev/dri/renderD128"]);
});

test("QSV gets a format, since ffmpeg would leave its frames on the device", () => {
  const { args } = chooseHardware(
    ["-hwaccel", "qsv", "-hwaccel_output_format", "qsv", "-c:v", "h264_qsv"],
    "H264",
  );
  expect(args).toEqual(["-hwaccel", "qsv", "-c:v", "h264_qsv", "-hwaccel_output_format", "nv12"]);
});
