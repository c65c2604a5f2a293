import {
  type AudioSpec,
  type TensorData,
  type TensorSpec,
  tensorArray,
} from "../../../detectors/detector.ts";
import { ConfigError } from "../../base/errors.ts";
import { plainText } from "../../base/plain-text.ts";
import { startFfmpeg } from "../../camera/ffmpeg.ts";

/** See `startFfmpeg`. */
const MEMORY_MB = 500;
const BYTES_PER_SAMPLE = 4;

/** One window of a sound. */
export interface SoundWindow {
  /** Start in seconds. */
  readonly time: number;
  readonly samples: TensorData;
}

/**
 * Decodes a sound file with ffmpeg to the sample rate and the channels of a module, and cuts it into windows. The last window is
 * filled up with silence.
 * @param spec the module's input
 * @throws ConfigError for a file without sound; FfmpegMissing.
 */
export async function* readSound(
  file: string,
  { sampleRate, channels, window, hop, range: [low, high] }: AudioSpec,
  spec: TensorSpec,
  signal: AbortSignal,
): AsyncGenerator<SoundWindow, void> {
  const format = ["-vn", "-ar", `${sampleRate}`, "-ac", `${channels}`, "-f", "f32le", "pipe:1"];
  const args = [
    "-hide_banner",
    "-nostdin",
    "-nostats",
    "-loglevel",
    "level+error",
    "-i",
    `file:${file}`,
    ...format,
  ];
  await using run = startFfmpeg("ffmpeg", args, signal, MEMORY_MB);
  const windowSamples = window * channels;
  const step = hop * channels;
  const convert = (sample: number): number => {
    const value = low + ((Math.min(Math.max(sample, -1), 1) + 1) / 2) * (high - low);
    return spec.dtype === "f32" ? value : Math.round(value);
  };
  let held = new Float32Array();
  let rest = Buffer.alloc(0);
  let windows = 0;
  const cut = (): SoundWindow => {
    const samples = tensorArray(spec.dtype, windowSamples);
    for (let index = 0; index < windowSamples; index++) samples[index] = convert(held[index] ?? 0);
    const time = (windows * hop) / sampleRate;
    windows++;
    held = held.slice(step);
    return { time, samples };
  };
  for await (const chunk of run.output) {
    const bytes = Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % BYTES_PER_SAMPLE);
    const decoded = new Float32Array(Uint8Array.from(bytes.subarray(0, whole)).buffer);
    rest = bytes.subarray(whole);
    const joined = new Float32Array(held.length + decoded.length);
    joined.set(held);
    joined.set(decoded, held.length);
    held = joined;
    while (held.length >= windowSamples) yield cut();
    if (signal.aborted) return;
  }
  const { code, errorLines } = await run.ended;
  // Samples that were already in an earlier window are not a reason for another one.
  const isNew = windows === 0 ? held.length > 0 : held.length > windowSamples - step;
  if (isNew) yield cut();
  if (windows > 0 || signal.aborted) return;
  const reason = errorLines.at(-1) ?? `exit code ${code}`;
  throw new ConfigError(
    `it contains no sound that ffmpeg can decode (ffmpeg: ${plainText(reason)})`,
    "Try to play the file. ffprobe shows what it contains.",
  );
}
