import type { Depacketizer, TrackParameters } from "./access-unit.ts";
import { bitReader, rawPayload, unlessTooShort } from "./bit-reader.ts";
import { describedSets } from "./described-sets.ts";
import { type H264Sequence, h264Sequence } from "./h264-parameter-set.ts";
import {
  type NalCodec,
  type NalUnits,
  nalDepacketizer,
  readAggregate,
  type SliceFacts,
} from "./nal-assembler.ts";

/** NAL unit types (H.264, table 7-1). */
const PARTITION_A = 2;
const IDR = 5;
const SUPPLEMENTAL = 6;
const PREFIXES = [6, 7, 8, 9];
const LAST_PREDEFINED = 21;
const FILLER = 12;

/** Packet types (RFC 6184, table 1). */
const STAP_A = 24;
const STAP_B = 25;
const MTAP16 = 26;
const MTAP24 = 27;
const FU_A = 28;
const FU_B = 29;

const DON_BYTES = 2;
/** Up to field_pic_flag: three Exp-Golomb codes, colour plane and frame number. */
const SLICE_HEADER_BYTES = 16;
const INVALID_SLICE: SliceFacts = { isFirst: false, access: "none", position: "trailing", isIntra: false };

const H264: NalCodec = {
  codec: "H264",
  headerBytes: 1,
  isPrefix: (type) => PREFIXES.includes(type),
  isSupplemental: (type) => type === SUPPLEMENTAL,
  isDropped: (type) => type === FILLER || type === 0 || type > LAST_PREDEFINED,
  isSlice: (type) => type === 1 || type === PARTITION_A || type === IDR,
  readSlice(type, data) {
    const bits = bitReader(data.subarray(0, SLICE_HEADER_BYTES));
    return unlessTooShort(() => readSliceHeader(type, bits.unsigned(), bits.unsigned() % 5)) ?? INVALID_SLICE;
  },
  isField(data, sequenceSet) {
    const sequence = sequenceOf(sequenceSet);
    if (sequence === undefined) return false;
    const header = rawPayload(data.subarray(0, SLICE_HEADER_BYTES), 0);
    return unlessTooShort(() => readFieldFlag(header, sequence)) ?? false;
  },
};

/** By parameter set: each slice refers to one. */
const SEQUENCES = new WeakMap<Uint8Array, H264Sequence | undefined>();

function sequenceOf(set: Uint8Array): H264Sequence | undefined {
  if (!SEQUENCES.has(set)) SEQUENCES.set(set, h264Sequence(set));
  return SEQUENCES.get(set);
}

/** field_pic_flag (H.264, 7.3.3) */
function readFieldFlag(header: Uint8Array, { hasSeparatePlanes, frameNumberBits }: H264Sequence): boolean {
  const bits = bitReader(header);
  for (let value = 0; value < 3; value++) bits.unsigned();
  if (hasSeparatePlanes) bits.skip(2);
  bits.skip(frameNumberBits);
  return bits.take(1) === 1;
}

/** slice_header (H.264, 7.3.3) and slice_type (table 7-6). */
function readSliceHeader(type: number, firstMacroblock: number, sliceType: number): SliceFacts {
  return {
    isFirst: firstMacroblock === 0,
    access: type === IDR ? "closed" : "none",
    position: sliceType === 1 ? "leading" : "trailing",
    isIntra: sliceType === 2 || sliceType === 4,
  };
}

/**
 * Joins H.264 packets to access units (RFC 6184). NAL units are taken in transmission order: the interleaved mode, in which
 * they must be reordered, is not known of any camera.
 */
export function h264Depacketizer(parameters: TrackParameters): Depacketizer {
  const described = describedSets(parameters, ["sprop-parameter-sets"]);
  return nalDepacketizer(H264, readPayload, described, parameters);
}

function readPayload(payload: Uint8Array, units: NalUnits): void {
  const type = (payload[0] ?? 0) & 31;
  if (payload.length === 0) return;
  if (type === STAP_A) readAggregate(payload, 1, 0, units);
  else if (type === STAP_B) readAggregate(payload, 1 + DON_BYTES, 0, units);
  else if (type === FU_A) readFragment(payload, 2, units);
  // An FU-B is the first fragment of a unit; the following ones are FU-As.
  else if (type === FU_B) readFragment(payload, 2 + DON_BYTES, units);
  else if (type === MTAP16 || type === MTAP24) units.fail();
  else units.add(payload);
}

/** RFC 6184, 5.8 */
function readFragment(payload: Uint8Array, start: number, units: NalUnits): void {
  const [first = 0, fragment = 0] = payload;
  const isStart = (fragment & 0x80) !== 0;
  const header = isStart ? Uint8Array.of((first & 0xe0) | (fragment & 31)) : undefined;
  if (payload.length < start) units.fail();
  else units.addFragment(header, payload.subarray(start), (fragment & 0x40) !== 0);
}
