import type { HardwarePreset } from "../config/hardware-schema.ts";
import type { VideoCodec } from "./rtsp/access-unit.ts";

/** ffmpeg's arguments for a hardware decoder, or why there are none. */
export type HardwareChoice =
  | { readonly args: readonly string[] }
  | { readonly args: undefined; readonly reason: string | undefined };

/** The codecs that a preset decodes, and its arguments. */
type Preset = Readonly<Partial<Record<VideoCodec, readonly string[]>>>;

/** Frigate's presets, without `-hwaccel_output_format` (see `toSystemMemory`). */
const PRESETS: Readonly<Record<HardwarePreset, Preset>> = {
  "preset-rpi-64-h264": { H264: ["-c:v", "h264_v4l2m2m"] },
  "preset-rpi-64-h265": { H265: ["-c:v", "hevc_v4l2m2m"] },
  "preset-vaapi": ofAll("-hwaccel_flags", "allow_profile_mismatch", "-hwaccel", "vaapi"),
  "preset-intel-qsv-h264": { H264: ["-c:v", "h264_qsv"] },
  "preset-intel-qsv-h265": { H265: ["-c:v", "hevc_qsv"] },
  "preset-nvidia": ofAll("-hwaccel", "cuda"),
  "preset-jetson-h264": { H264: ["-c:v", "h264_nvmpi"] },
  "preset-jetson-h265": { H265: ["-c:v", "hevc_nvmpi"] },
  "preset-rkmpp": {
    H264: ["-hwaccel", "rkmpp", "-c:v", "h264_rkmpp"],
    H265: ["-hwaccel", "rkmpp", "-c:v", "hevc_rkmpp"],
    MJPEG: ["-hwaccel", "rkmpp", "-c:v", "mjpeg_rkmpp"],
  },
};

function ofAll(...args: readonly string[]): Preset {
  return { H264: args, H265: args, MJPEG: args, MPEG4: args, VP8: args };
}

/**
 * Chooses the hardware decoder for a stream.
 * @param setting a preset or ffmpeg's arguments, as in the configuration (`ffmpeg.hwaccel_args`); an empty list: none.
 * @returns without arguments: decode in software, because of `reason` if hardware is configured.
 */
export function chooseHardware(
  setting: HardwarePreset | readonly string[],
  codec: VideoCodec,
): HardwareChoice {
  if (typeof setting !== "string") {
    return setting.length > 0 ? { args: toSystemMemory(setting) } : { args: undefined, reason: undefined };
  }
  const args = PRESETS[setting][codec];
  if (args !== undefined) return { args };
  const codecs = Object.keys(PRESETS[setting]).join(" and ");
  return { args: undefined, reason: `${setting} decodes ${codecs}, but the stream is ${codec}` };
}

/**
 * Without an output format, ffmpeg copies the frames to system memory, where the agent needs them. With QSV it would leave
 * them on the device (ffmpeg_opt.c), so this needs a format.
 */
function toSystemMemory(args: readonly string[]): readonly string[] {
  const kept = args.filter((_, index) => {
    return args[index - (index % 2)] !== "-hwaccel_output_format";
  });
  const isQsv = kept.some((word, index) => word === "qsv" && kept[index - 1] === "-hwaccel");
  return isQsv ? [...kept, "-hwaccel_output_format", "nv12"] : kept;
}
