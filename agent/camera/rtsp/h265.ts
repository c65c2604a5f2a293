import type { Depacketizer, TrackParameters } from "./access-unit.ts";
import { describedSets } from "./described-sets.ts";
import type { Access, Position } from "./key-frames.ts";
import {
  type NalCodec,
  type NalUnits,
  nalDepacketizer,
  type ReadPayload,
  readAggregate,
} from "./nal-assembler.ts";

/** NAL unit types (H.265, table 7-1). */
const LAST_SUB_LAYER_PICTURE = 9;
const FIRST_IRAP = 16;
const LAST_BLA = 18;
const LAST_IDR = 20;
const LAST_IRAP = 23;
const FIRST_PARAMETER_SET = 32;
const FILLER = 38;
const PREFIX_SEI = 39;
const SUFFIX_SEI = 40;

/** Packet types (RFC 7798, 4.4). */
const AGGREGATION = 48;
const FRAGMENT = 49;
const PACI = 50;

const HEADER_BYTES = 2;
const DONL_BYTES = 2;

const H265: NalCodec = {
  codec: "H265",
  headerBytes: HEADER_BYTES,
  isPrefix: (type) => type >= FIRST_PARAMETER_SET && type <= PREFIX_SEI && type !== 36 && type !== 37,
  isSupplemental: (type) => type === PREFIX_SEI,
  isDropped: (type) => type === FILLER || type > SUFFIX_SEI || isReserved(type),
  isSlice: (type) => type <= LAST_IRAP && !isReserved(type),
  readSlice: (type, data) => ({
    isFirst: ((data[0] ?? 0) & 0x80) !== 0,
    access: accessOf(type),
    position: positionOf(type),
    // The slice type is behind fields whose presence the parameter sets decide; IRAP types already say so.
    isIntra: type >= FIRST_IRAP,
  }),
  // `isInterlaced` is field_seq_flag (E.3.1): all pictures are fields.
  isField: () => true,
};

function isReserved(type: number): boolean {
  return (
    (type > LAST_SUB_LAYER_PICTURE && type < FIRST_IRAP) || (type > LAST_IRAP && type < FIRST_PARAMETER_SET)
  );
}

function accessOf(type: number): Access {
  if (type < FIRST_IRAP) return "none";
  if (type <= LAST_BLA) return "broken";
  return type <= LAST_IDR ? "closed" : "open";
}

/** RADL: 6 and 7; RASL: 8 and 9. */
function positionOf(type: number): Position {
  if (type === 8 || type === 9) return "leading";
  return type === 6 || type === 7 ? "decodable" : "trailing";
}

/** Joins H.265 packets to access units (RFC 7798). NAL units are taken in transmission order. */
export function h265Depacketizer(parameters: TrackParameters): Depacketizer {
  const described = describedSets(parameters, ["sprop-vps", "sprop-sps", "sprop-pps"]);
  const hasDecodingOrder = Number(parameters.fmtp["sprop-max-don-diff"] ?? 0) > 0;
  return nalDepacketizer(H265, payloadReader(hasDecodingOrder ? DONL_BYTES : 0), described, parameters);
}

/** @param orderBytes length of the decoding order numbers at the start of packets */
function payloadReader(orderBytes: number): ReadPayload {
  return (payload, units) => {
    if (payload.length === 0) return;
    const [first = 0, second = 0] = payload;
    // Higher layers of scalable video: decoders ignore them.
    if ((first & 1) !== 0 || second >> 3 !== 0) return;
    const type = (first >> 1) & 63;
    // The first unit has a decoding order number, each following one the difference to it in one byte.
    const between = orderBytes > 0 ? 1 : 0;
    if (type === AGGREGATION) readAggregate(payload, HEADER_BYTES + orderBytes, between, units);
    else if (type === FRAGMENT) readFragment(payload, orderBytes, units);
    else if (type === PACI || payload.length < HEADER_BYTES + orderBytes) units.fail();
    else if (orderBytes === 0) units.add(payload);
    else
      units.add(
        Buffer.concat([payload.subarray(0, HEADER_BYTES), payload.subarray(HEADER_BYTES + orderBytes)]),
      );
  };
}

/** RFC 7798, 4.4.3 */
function readFragment(payload: Uint8Array, orderBytes: number, units: NalUnits): void {
  const [first = 0, second = 0, fragment = 0] = payload;
  const isStart = (fragment & 0x80) !== 0;
  const header = isStart ? Uint8Array.of((first & 0x81) | ((fragment & 63) << 1), second) : undefined;
  const start = HEADER_BYTES + 1 + (isStart ? orderBytes : 0);
  if (payload.length < start) units.fail();
  else units.addFragment(header, payload.subarray(start), (fragment & 0x40) !== 0);
}
