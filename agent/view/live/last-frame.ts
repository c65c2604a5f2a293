import type { TimedUnit } from "../../camera/decode-plan.ts";
import { decoderInput, decoderMemoryMb } from "../../camera/decoder-process.ts";
import { displayFilter } from "../../camera/display.ts";
import { startFedFfmpeg } from "../../camera/ffmpeg.ts";
import { createFrameTimes } from "../../camera/frame-times.ts";
import { ivfHeader, writeUnit } from "../../camera/ivf.ts";
import type { CameraUnits } from "./camera-units.ts";
import { shownSize } from "./shown-size.ts";

/** Every JPEG starts with it, and no entropy-coded data contains it (ITU-T T.81, B.1.1.2 and B.1.1.5). */
const START_OF_IMAGE = Uint8Array.of(0xff, 0xd8, 0xff);
const DECODE_WITHIN_MS = 20_000;

/** Makes JPEGs of the last frame of a camera that sends no more. */
export interface LastFrame {
  /** The JPEG of the last frame; undefined if there was none. Decoded once: an offline camera costs nothing more. */
  jpeg(): Promise<Uint8Array | undefined>;
}

/** Decodes the last frame of a camera from its latest access units, so that no frame has to be encoded while it is online. */
export function lastFrame(units: CameraUnits, signal: AbortSignal): LastFrame {
  let decoded: { readonly newest: TimedUnit; readonly jpeg: Promise<Uint8Array | undefined> } | undefined;
  return {
    async jpeg() {
      const group = units.latest();
      const newest = group.at(-1);
      if (newest === undefined) return undefined;
      if (decoded?.newest !== newest) decoded = { newest, jpeg: decodeLast(group, signal) };
      return decoded.jpeg;
    },
  };
}

async function decodeLast(group: readonly TimedUnit[], signal: AbortSignal): Promise<Uint8Array | undefined> {
  const [first] = group;
  if (first?.format === undefined) return undefined;
  const display = { format: first.format, rotation: first.rotation };
  const args = [
    ...decoderInput(display.format.codec),
    ...["-an", "-sn", "-dn", "-vf", displayFilter(display, shownSize(display))],
    ...[
      "-fps_mode",
      "passthrough",
      "-c:v",
      "mjpeg",
      "-q:v",
      "4",
      "-threads",
      "1",
      "-f",
      "image2pipe",
      "pipe:1",
    ],
  ];
  const over = AbortSignal.any([signal, AbortSignal.timeout(DECODE_WITHIN_MS)]);
  await using run = startFedFfmpeg("ffmpeg", args, over, decoderMemoryMb(display.format.codedSize));
  const times = createFrameTimes(display.format.reorderFrames > 0);
  run.input.write(ivfHeader(display.format));
  for (const unit of group) writeUnit(run.input, unit, times.add(unit.timeMs));
  run.input.end();
  let images = Buffer.alloc(0);
  for await (const part of run.output) {
    const all = Buffer.concat([images, part]);
    // Earlier frames are only needed to decode the last one.
    images = all.subarray(Math.max(0, all.lastIndexOf(START_OF_IMAGE)));
  }
  return images.length === 0 ? undefined : images;
}
