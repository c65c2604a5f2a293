import type { Size } from "../../base/box.ts";

/** Codecs whose sequence parameter set contains the frame size. */
export type SizedCodec = "H264" | "H265";

/**
 * Reads the size of the frames that a decoder allocates, before cropping (H.264, 7.3.2.1.1; H.265, 7.3.2.2.1).
 * @param unit a NAL unit, including its header
 * @returns undefined if the unit is not a complete sequence parameter set
 */
export function codedSize(codec: SizedCodec, unit: Uint8Array): Size | undefined {
  try {
    return codec === "H264" ? h264Size(unit) : h265Size(unit);
  } catch (error) {
    if (error instanceof EndOfUnit) return undefined;
    throw error;
  }
}

class EndOfUnit extends Error {}

const H264_SPS = 7;
/** Profiles whose parameter set contains a chroma format and scaling lists. */
const HIGH_PROFILES = [44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244];
const MOST_POC_CYCLE = 255;

function h264Size(unit: Uint8Array): Size | undefined {
  const bits = bitReader(unit, 1);
  if (((unit[0] ?? 0) & 31) !== H264_SPS) return undefined;
  const profile = bits.take(8);
  bits.skip(16);
  bits.unsigned();
  if (HIGH_PROFILES.includes(profile)) skipHighProfile(bits);
  bits.unsigned();
  const pictureOrder = bits.unsigned();
  if (pictureOrder === 0) bits.unsigned();
  if (pictureOrder === 1) {
    bits.skip(1);
    bits.unsigned();
    bits.unsigned();
    const cycle = bits.unsigned();
    if (cycle > MOST_POC_CYCLE) return undefined;
    for (let index = 0; index < cycle; index++) bits.unsigned();
  }
  bits.unsigned();
  bits.skip(1);
  const width = 16 * (bits.unsigned() + 1);
  const mapUnits = bits.unsigned() + 1;
  const isFrameOnly = bits.take(1) === 1;
  return { width, height: 16 * mapUnits * (isFrameOnly ? 1 : 2) };
}

function skipHighProfile(bits: BitReader): void {
  const chroma = bits.unsigned();
  if (chroma === 3) bits.skip(1);
  bits.unsigned();
  bits.unsigned();
  bits.skip(1);
  if (bits.take(1) === 0) return;
  for (let list = 0; list < (chroma === 3 ? 12 : 8); list++) {
    if (bits.take(1) === 1) skipScalingList(bits, list < 6 ? 16 : 64);
  }
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size; index++) {
    if (next !== 0) next = (last + bits.signed() + 256) % 256;
    last = next === 0 ? last : next;
  }
}

const H265_SPS = 33;
const PROFILE_BITS = 88;
const LEVEL_BITS = 8;

function h265Size(unit: Uint8Array): Size | undefined {
  const bits = bitReader(unit, 2);
  if ((((unit[0] ?? 0) >> 1) & 63) !== H265_SPS) return undefined;
  bits.skip(4);
  const subLayers = bits.take(3);
  bits.skip(1 + PROFILE_BITS + LEVEL_BITS);
  const present = Array.from({ length: subLayers }, () => [bits.take(1), bits.take(1)] as const);
  if (subLayers > 0) bits.skip(2 * (8 - subLayers));
  for (const [profile, level] of present) bits.skip(profile * PROFILE_BITS + level * LEVEL_BITS);
  bits.unsigned();
  if (bits.unsigned() === 3) bits.skip(1);
  return { width: bits.unsigned(), height: bits.unsigned() };
}

interface BitReader {
  /** At most 32 bits. */
  take(count: number): number;
  skip(count: number): void;
  /** ue(v): Exp-Golomb. */
  unsigned(): number;
  /** se(v) */
  signed(): number;
}

/** Reads bits after the NAL unit's header, without the emulation prevention bytes. */
function bitReader(unit: Uint8Array, header: number): BitReader {
  const bytes = unit.filter(
    (byte, at) => at >= header && !(byte === 3 && unit[at - 1] === 0 && unit[at - 2] === 0),
  );
  let position = 0;
  const take = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++, position++) {
      const byte = bytes[position >> 3];
      if (byte === undefined) throw new EndOfUnit();
      value = value * 2 + ((byte >> (7 - (position & 7))) & 1);
    }
    return value;
  };
  const unsigned = (): number => {
    let zeros = 0;
    while (take(1) === 0) if (++zeros > 32) throw new EndOfUnit();
    return 2 ** zeros - 1 + take(zeros);
  };
  return {
    take,
    skip(count) {
      position += count;
    },
    unsigned,
    signed() {
      const code = unsigned();
      return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
    },
  };
}
