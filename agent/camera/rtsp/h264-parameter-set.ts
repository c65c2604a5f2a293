import type { VideoFormat } from "./access-unit.ts";
import { type BitReader, bitReader, rawPayload, unlessTooShort } from "./bit-reader.ts";
import { croppedSize, readPixelAspect, skipSignal } from "./frame-geometry.ts";

const SEQUENCE_PARAMETER_SET = 7;
/** Profiles whose parameter set contains a chroma format and scaling lists. */
const HIGH_PROFILES = [44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244];
const MOST_POC_CYCLE = 255;
const MOST_REORDERED = 16;

/** A sequence parameter set, and what the slice headers that refer to it look like (H.264, 7.3.3). */
export interface H264Sequence {
  readonly format: VideoFormat;
  readonly hasSeparatePlanes: boolean;
  /** Of frame_num. */
  readonly frameNumberBits: number;
}

/**
 * Reads a sequence parameter set (H.264, 7.3.2.1.1 and E.1.1).
 * @param unit a NAL unit, including its header
 * @returns undefined if the unit is not a complete sequence parameter set
 */
export function h264Sequence(unit: Uint8Array): H264Sequence | undefined {
  if (((unit[0] ?? 0) & 31) !== SEQUENCE_PARAMETER_SET) return undefined;
  return unlessTooShort(() => readSequence(bitReader(rawPayload(unit, 1))));
}

/** The format in a sequence parameter set; see `h264Sequence`. */
export function h264Format(unit: Uint8Array): VideoFormat | undefined {
  return h264Sequence(unit)?.format;
}

function readSequence(bits: BitReader): H264Sequence | undefined {
  const profile = bits.take(8);
  bits.skip(16);
  bits.unsigned();
  const [chroma, hasSeparatePlanes] = HIGH_PROFILES.includes(profile) ? readHighProfile(bits) : [1, false];
  const frameNumberBits = bits.unsigned() + 4;
  if (!skipPictureOrder(bits)) return undefined;
  bits.unsigned();
  bits.skip(1);
  const width = 16 * (bits.unsigned() + 1);
  const mapUnits = bits.unsigned() + 1;
  const isFrameOnly = bits.take(1) === 1;
  const height = 16 * mapUnits * (isFrameOnly ? 1 : 2);
  if (!isFrameOnly) bits.skip(1);
  bits.skip(1);
  const [left, right, top, bottom] = bits.take(1) === 1 ? takeFour(bits) : [0, 0, 0, 0];
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (isFrameOnly ? 1 : 2);
  const coded = { width, height };
  const size = croppedSize(coded, unitX * (left + right), unitY * (top + bottom));
  // Some cameras send a usability information that ends too early: the size is valid all the same.
  const usability = unlessTooShort(() => (bits.take(1) === 1 ? readUsability(bits) : undefined));
  const format: VideoFormat = {
    codec: "H264",
    size,
    codedSize: coded,
    pixelAspect: usability?.pixelAspect ?? 1,
    reorderFrames: usability?.reorderFrames ?? 0,
    isInterlaced: !isFrameOnly,
  };
  return { format, hasSeparatePlanes, frameNumberBits };
}

function takeFour(bits: BitReader): [number, number, number, number] {
  return [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()];
}

/** @returns chroma_format_idc, and separate_colour_plane_flag */
function readHighProfile(bits: BitReader): readonly [chroma: number, hasSeparatePlanes: boolean] {
  const chroma = bits.unsigned();
  const hasSeparatePlanes = chroma === 3 && bits.take(1) === 1;
  bits.unsigned();
  bits.unsigned();
  bits.skip(1);
  if (bits.take(1) === 0) return [chroma, hasSeparatePlanes];
  for (let list = 0; list < (chroma === 3 ? 12 : 8); list++) {
    if (bits.take(1) === 1) skipScalingList(bits, list < 6 ? 16 : 64);
  }
  return [chroma, hasSeparatePlanes];
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size; index++) {
    if (next !== 0) next = (last + bits.signed() + 256) % 256;
    last = next === 0 ? last : next;
  }
}

/** @returns whether it is valid */
function skipPictureOrder(bits: BitReader): boolean {
  const type = bits.unsigned();
  if (type === 0) bits.unsigned();
  if (type !== 1) return true;
  bits.skip(1);
  bits.unsigned();
  bits.unsigned();
  const cycle = bits.unsigned();
  if (cycle > MOST_POC_CYCLE) return false;
  for (let index = 0; index < cycle; index++) bits.unsigned();
  return true;
}

/** Reads the video usability information (H.264, E.1.1). */
function readUsability(bits: BitReader): Pick<VideoFormat, "pixelAspect" | "reorderFrames"> {
  const pixelAspect = bits.take(1) === 1 ? readPixelAspect(bits) : 1;
  const reorderFrames = unlessTooShort(() => readReorderFrames(bits)) ?? 0;
  return { pixelAspect, reorderFrames };
}

/** @returns max_num_reorder_frames; without it 0, as ffmpeg assumes: cameras rarely send B frames */
function readReorderFrames(bits: BitReader): number {
  skipSignal(bits);
  if (bits.take(1) === 1) bits.skip(65);
  const hasNalBuffer = skipBufferModel(bits);
  const hasVideoBuffer = skipBufferModel(bits);
  if (hasNalBuffer || hasVideoBuffer) bits.skip(1);
  bits.skip(1);
  if (bits.take(1) === 0) return 0;
  bits.skip(1);
  for (let value = 0; value < 4; value++) bits.unsigned();
  return Math.min(MOST_REORDERED, bits.unsigned());
}

/** HRD parameters (H.264, E.1.2). @returns whether they are present */
function skipBufferModel(bits: BitReader): boolean {
  if (bits.take(1) === 0) return false;
  const count = Math.min(32, bits.unsigned() + 1);
  bits.skip(8);
  for (let index = 0; index < count; index++) {
    bits.unsigned();
    bits.unsigned();
    bits.skip(1);
  }
  bits.skip(20);
  return true;
}
