import type { VideoFormat } from "./access-unit.ts";
import { type BitReader, bitReader, EndOfData, rawPayload, unlessTooShort } from "./bit-reader.ts";
import { croppedSize, readPixelAspect, skipSignal } from "./frame-geometry.ts";

const SEQUENCE_PARAMETER_SET = 33;
const PROFILE_BITS = 88;
const LEVEL_BITS = 8;
const MOST_REORDERED = 16;
const MOST_REFERENCE_SETS = 64;
const MOST_REFERENCES = 16;

/**
 * Reads a sequence parameter set (H.265, 7.3.2.2.1 and E.2.1).
 * @param unit a NAL unit, including its header
 * @returns undefined if the unit is not a complete sequence parameter set
 */
export function h265Format(unit: Uint8Array): VideoFormat | undefined {
  if ((((unit[0] ?? 0) >> 1) & 63) !== SEQUENCE_PARAMETER_SET) return undefined;
  return unlessTooShort(() => readFormat(bitReader(rawPayload(unit, 2))));
}

function readFormat(bits: BitReader): VideoFormat | undefined {
  bits.skip(4);
  const subLayers = bits.take(3);
  skipProfile(bits, subLayers);
  bits.unsigned();
  const chroma = bits.unsigned();
  if (chroma === 3) bits.skip(1);
  const codedSize = { width: bits.unsigned(), height: bits.unsigned() };
  if (codedSize.width === 0 || codedSize.height === 0) return undefined;
  const [left, right, top, bottom] =
    bits.take(1) === 1
      ? [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()]
      : ([0, 0, 0, 0] as const);
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = chroma === 1 ? 2 : 1;
  const size = croppedSize(codedSize, unitX * (left + right), unitY * (top + bottom));
  bits.unsigned();
  bits.unsigned();
  const orderBits = bits.unsigned() + 4;
  const reorderFrames = readReorderFrames(bits, subLayers);
  // The rest may be of a later version of the standard: the size is valid all the same.
  const usability = unlessTooShort(() => {
    skipToUsability(bits, orderBits);
    return bits.take(1) === 1 ? readUsability(bits) : undefined;
  });
  return { codec: "H265", size, codedSize, reorderFrames, pixelAspect: 1, isInterlaced: false, ...usability };
}

/** Skips the bits after `subLayers` (sps_max_sub_layers_minus1): nesting flag and profile_tier_level (H.265, 7.3.3). */
export function skipProfile(bits: BitReader, subLayers: number): void {
  bits.skip(1 + PROFILE_BITS + LEVEL_BITS);
  const present = Array.from({ length: subLayers }, () => [bits.take(1), bits.take(1)] as const);
  if (subLayers > 0) bits.skip(2 * (8 - subLayers));
  for (const [profile, level] of present) bits.skip(profile * PROFILE_BITS + level * LEVEL_BITS);
}

/** @returns sps_max_num_reorder_pics of the highest sub-layer */
function readReorderFrames(bits: BitReader, subLayers: number): number {
  const layers = bits.take(1) === 1 ? subLayers + 1 : 1;
  let reordered = 0;
  for (let layer = 0; layer < layers; layer++) {
    bits.unsigned();
    reordered = bits.unsigned();
    bits.unsigned();
  }
  return Math.min(MOST_REORDERED, reordered);
}

function skipToUsability(bits: BitReader, orderBits: number): void {
  for (let value = 0; value < 6; value++) bits.unsigned();
  if (bits.take(1) === 1 && bits.take(1) === 1) skipScalingLists(bits);
  bits.skip(2);
  if (bits.take(1) === 1) {
    bits.skip(8);
    bits.unsigned();
    bits.unsigned();
    bits.skip(1);
  }
  skipReferenceSets(bits);
  if (bits.take(1) === 1) {
    const count = bits.unsigned();
    if (count > 32) throw new EndOfData();
    bits.skip(count * (orderBits + 1));
  }
  bits.skip(2);
}

/** scaling_list_data (H.265, 7.3.4) */
function skipScalingLists(bits: BitReader): void {
  for (let size = 0; size < 4; size++) {
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      if (bits.take(1) === 0) {
        bits.unsigned();
        continue;
      }
      if (size > 1) bits.signed();
      const coefficients = Math.min(64, 1 << (4 + 2 * size));
      for (let index = 0; index < coefficients; index++) bits.signed();
    }
  }
}

/** st_ref_pic_set of the parameter set (H.265, 7.3.7) */
function skipReferenceSets(bits: BitReader): void {
  const count = bits.unsigned();
  if (count > MOST_REFERENCE_SETS) throw new EndOfData();
  /** NumDeltaPocs of the set before. */
  let references = 0;
  for (let set = 0; set < count; set++) {
    references = set > 0 && bits.take(1) === 1 ? readPredictedSet(bits, references) : readSet(bits);
    if (references > MOST_REFERENCES) throw new EndOfData();
  }
}

function readPredictedSet(bits: BitReader, references: number): number {
  bits.skip(1);
  bits.unsigned();
  let used = 0;
  for (let index = 0; index <= references; index++) {
    // used_by_curr_pic_flag, else use_delta_flag
    if (bits.take(1) === 1 || bits.take(1) === 1) used++;
  }
  return used;
}

function readSet(bits: BitReader): number {
  const references = bits.unsigned() + bits.unsigned();
  if (references > MOST_REFERENCES) throw new EndOfData();
  for (let index = 0; index < references; index++) {
    bits.unsigned();
    bits.skip(1);
  }
  return references;
}

/** Reads the start of the video usability information (H.265, E.2.1). */
function readUsability(bits: BitReader): Pick<VideoFormat, "pixelAspect" | "isInterlaced"> {
  const pixelAspect = bits.take(1) === 1 ? readPixelAspect(bits) : 1;
  skipSignal(bits);
  bits.skip(1);
  return { pixelAspect, isInterlaced: bits.take(1) === 1 };
}
