import type { Size } from "../../base/box.ts";
import type { AccessUnit, Depacketizer, RtpPacket, TrackParameters, VideoFormat } from "./access-unit.ts";
import { wholeMacroblocks } from "./frame-geometry.ts";
import { jpegHeader, tablesOfQuality } from "./jpeg-header.ts";
import { rtpClock } from "./rtp-clock.ts";
import { unitBuffer } from "./unit-buffer.ts";

const HEADER_BYTES = 8;
const RESTART_BYTES = 4;
const TABLES_BYTES = 4;
const TABLE_VALUES = 64;
/** Quality factors from here on have tables in the stream; those of 255 may change with each frame. */
const FIRST_OWN_TABLES = 128;
const CHANGING_TABLES = 255;
const END_OF_IMAGE = Uint8Array.of(0xff, 0xd9);
const NONE: readonly AccessUnit[] = [];

/** The beginning of a packet (RFC 2435, 3.1). */
interface PacketHeader {
  /** 0: a whole frame; 1 to 3: one field of an interlaced frame. */
  readonly field: number;
  readonly offset: number;
  /** 0: 4:2:2, 1: 4:2:0; 64 more with restart markers. */
  readonly type: number;
  readonly quality: number;
  /** In pixels; 0: more than 2040. */
  readonly size: Size;
  readonly restartInterval: number;
  /** The payload after the header and the restart marker header. */
  readonly rest: Uint8Array;
}

/** Joins packets to JPEG files (RFC 2435). Incomplete frames are dropped: the other ones do not refer to them. */
export function mjpegDepacketizer({ clockRate, size: described }: TrackParameters): Depacketizer {
  const seconds = rtpClock(clockRate);
  const parts = unitBuffer();
  const tablesOf = tableStore();
  const headerOf = headerStore();
  let format: VideoFormat | undefined;
  let timestamp = 0;
  let arrivedMs = 0;
  /** Length of the data without the header. */
  let received = 0;
  let hasEnd = false;
  let isMarkerReliable = true;

  const drop = (): void => {
    parts.take();
    format = undefined;
  };

  const finish = (): readonly AccessUnit[] => {
    if (format === undefined) return NONE;
    if (!hasEnd) parts.add(END_OF_IMAGE);
    const isWhole = received > 0 && !parts.isOverfull();
    const data = parts.take();
    const unit: AccessUnit = {
      ...{ data, bytes: data.length, isKey: true, format, rotation: 0 },
      ...{ streamSeconds: seconds(timestamp), arrivedMs, isDamaged: false },
    };
    drop();
    return isWhole ? [unit] : NONE;
  };

  /** @returns the entropy-coded data */
  const begin = (header: PacketHeader, packet: RtpPacket): Uint8Array | undefined => {
    const size = sizeOf(header.size, described);
    const found = tablesOf(header);
    if (size === undefined || found === undefined) return undefined;
    const pixelAspect = header.field === 0 ? 1 : 0.5;
    format = {
      codec: "MJPEG",
      size,
      codedSize: wholeMacroblocks(size),
      pixelAspect,
      reorderFrames: 0,
      isInterlaced: false,
    };
    parts.add(headerOf(header, size, found.tables));
    timestamp = packet.timestamp;
    received = 0;
    return found.data;
  };

  /** @returns the frame before, if this packet ends it */
  const add = (packet: RtpPacket): readonly AccessUnit[] => {
    const header = readHeader(packet.payload);
    if (header === undefined) {
      drop();
      return NONE;
    }
    const ended = header.offset === 0 ? finish() : NONE;
    const data = header.offset === 0 ? begin(header, packet) : header.rest;
    const isNext = header.offset === received && packet.timestamp === timestamp;
    // A marker ended the frame between two packets.
    if (isNext && format === undefined && received > 0) isMarkerReliable = false;
    if (data === undefined || !isNext) drop();
    if (data === undefined || format === undefined) return ended;
    parts.add(data);
    received += data.length;
    hasEnd = data.at(-2) === END_OF_IMAGE[0] && data.at(-1) === END_OF_IMAGE[1];
    arrivedMs = packet.arrivedMs;
    return ended;
  };

  return {
    push(packet) {
      if (packet.isAfterLoss) {
        drop();
        received = 0;
      }
      const before = packet.timestamp === timestamp ? NONE : finish();
      const ended = add(packet);
      const whole = packet.marker && isMarkerReliable ? finish() : NONE;
      return [...before, ...ended, ...whole];
    },
  };
}

function readHeader(payload: Uint8Array): PacketHeader | undefined {
  const [field = 0, high = 0, middle = 0, low = 0, type = 0, quality = 0, width = 0, height = 0] = payload;
  const hasRestart = type >= 64;
  const start = HEADER_BYTES + (hasRestart ? RESTART_BYTES : 0);
  // Types with other samplings are for agreements between the two ends.
  if (payload.length <= start || type > 127 || (type & 63) > 1 || quality === 0) return undefined;
  return {
    field: field > 3 ? 0 : field,
    offset: high * 0x1_0000 + middle * 0x100 + low,
    type: type & 63,
    quality,
    size: { width: 8 * width, height: 8 * height },
    restartInterval: hasRestart ? uint16(payload, HEADER_BYTES) : 0,
    rest: payload.subarray(start),
  };
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** The header states sizes up to 2040 pixels: cameras with larger frames send 0, or the size modulo 2048. */
function sizeOf(stated: Size, described: Size | undefined): Size | undefined {
  const matches = (pixels: number, full: number) =>
    pixels === 0 || pixels === (8 * Math.ceil(full / 8)) % 2048;
  if (described !== undefined && matches(stated.width, described.width)) {
    if (matches(stated.height, described.height)) return described;
  }
  return stated.width === 0 || stated.height === 0 ? undefined : stated;
}

interface Tables {
  readonly tables: readonly Uint8Array[];
  /** The data after the tables in the packet. */
  readonly data: Uint8Array;
}

/** Reads the quantisation tables of frames, and keeps them for the following frames of the same quality factor. */
function tableStore(): (header: PacketHeader) => Tables | undefined {
  const known = new Map<number, { readonly bytes: Uint8Array; readonly tables: readonly Uint8Array[] }>();
  const keep = (quality: number, bytes: Uint8Array, precision: number): readonly Uint8Array[] | undefined => {
    const before = known.get(quality);
    if (before !== undefined && Buffer.compare(before.bytes, bytes) === 0) return before.tables;
    const copy = Uint8Array.from(bytes);
    const tables = splitTables(copy, precision);
    if (tables !== undefined) known.set(quality, { bytes: copy, tables });
    return tables;
  };
  return ({ quality, rest }) => {
    if (quality < FIRST_OWN_TABLES) {
      const tables = known.get(quality)?.tables ?? keep(quality, tablesOfQuality(quality), 0);
      return tables && { tables, data: rest };
    }
    const length = uint16(rest, 2);
    if (rest.length < TABLES_BYTES + length) return undefined;
    const bytes = rest.subarray(TABLES_BYTES, TABLES_BYTES + length);
    const isKnown = length === 0 && quality !== CHANGING_TABLES;
    const tables = isKnown ? known.get(quality)?.tables : keep(quality, bytes, rest[1] ?? 0);
    return tables && { tables, data: rest.subarray(TABLES_BYTES + length) };
  };
}

/** @param precision bit n: the values of table n have 16 bits @returns undefined without a complete table */
function splitTables(bytes: Uint8Array, precision: number): readonly Uint8Array[] | undefined {
  const first = bytes.subarray(0, TABLE_VALUES * (1 + (precision & 1)));
  const second = bytes.subarray(first.length, first.length + TABLE_VALUES * (1 + ((precision >> 1) & 1)));
  if (first.length < TABLE_VALUES * (1 + (precision & 1))) return undefined;
  return second.length < TABLE_VALUES * (1 + ((precision >> 1) & 1)) ? [first] : [first, second];
}

/** Makes headers, and keeps the latest: cameras rarely change it. */
function headerStore() {
  let key = "";
  let usedTables: readonly Uint8Array[] | undefined;
  let made: Uint8Array = END_OF_IMAGE;
  return (header: PacketHeader, size: Size, tables: readonly Uint8Array[]): Uint8Array => {
    const { type, restartInterval } = header;
    const wanted = `${size.width} ${size.height} ${type} ${restartInterval}`;
    if (wanted !== key || usedTables !== tables) {
      made = jpegHeader({ size, sampling: type === 0 ? 0x21 : 0x22, restartInterval, tables });
      key = wanted;
      usedTables = tables;
    }
    return made;
  };
}
