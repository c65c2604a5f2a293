import type { Rotation } from "../../base/rotation.ts";
import type { AccessUnit, Depacketizer, TrackParameters } from "./access-unit.ts";
import { type Access, keyFrames, type Position } from "./key-frames.ts";
import { nalType, PARAMETER_SETS, parameterSetStore } from "./parameter-set-store.ts";
import { rtpClock } from "./rtp-clock.ts";
import { readSupplemental } from "./supplemental.ts";
import { type UnitBuffer, unitBuffer } from "./unit-buffer.ts";

/** The properties of a frame that its slices state. */
export interface SliceFacts {
  /** Whether it is the first one of its frame. */
  readonly isFirst: boolean;
  readonly access: Access;
  readonly position: Position;
  readonly isIntra: boolean;
}

/** The parts of H.264 or H.265 that the assembly of access units needs. Types are those of NAL units (table 7-1 of both). */
export interface NalCodec {
  readonly codec: "H264" | "H265";
  readonly headerBytes: 1 | 2;
  /** Whether units of this type are only before the slices of an access unit: after slices it starts the next one. */
  isPrefix(type: number): boolean;
  isSupplemental(type: number): boolean;
  /** Whether units of this type are dropped: filler data, and types that decoders do not read. */
  isDropped(type: number): boolean;
  isSlice(type: number): boolean;
  /** @param data the slice, or its beginning, after its header */
  readSlice(type: number, data: Uint8Array): SliceFacts;
  /**
   * Whether a slice of interlaced video belongs to a single field.
   * @param data as of `readSlice` @param sequenceSet the sequence parameter set in force
   */
  isField(data: Uint8Array, sequenceSet: Uint8Array): boolean;
}

/** Passes on the content of a packet. */
export type ReadPayload = (payload: Uint8Array, units: NalUnits) => void;

/** Takes NAL units in decoding order. */
export interface NalUnits {
  /** A whole NAL unit. */
  add(unit: Uint8Array): void;
  /** @param header of the NAL unit, with its first piece only @param data a piece of the unit after its header */
  addFragment(header: Uint8Array | undefined, data: Uint8Array, isEnd: boolean): void;
  /** The packet is invalid: something is missing. */
  fail(): void;
}

const START_CODE = Uint8Array.of(0, 0, 0, 1);
const SHORT_START_CODE = START_CODE.subarray(1);
const NONE: readonly AccessUnit[] = [];

/**
 * Joins NAL units to access units. One ends at the marker, where the timestamp changes, or where the next one begins: some
 * cameras send no marker, or one after each NAL unit, or timestamps that stand still.
 * @param described the parameter sets of the stream's description
 */
export function nalDepacketizer(
  nal: NalCodec,
  readPayload: ReadPayload,
  described: readonly Uint8Array[],
  { clockRate }: TrackParameters,
): Depacketizer {
  const sets = parameterSetStore(nal.codec, described);
  const seconds = rtpClock(clockRate);
  const frames = keyFrames();
  const parts = unitBuffer();
  let pending = newPending();
  /** A fragmented NAL unit is not complete. */
  let isFragmentOpen = false;
  /** The pieces of a fragmented unit that is no slice: it is read as a whole. */
  let gathered: UnitBuffer | undefined;
  let isMarkerReliable = true;
  /** The timestamp of the access unit that ended with a marker directly before this packet. */
  let markedTimestamp: number | undefined;
  let rotation: Rotation = 0;
  let timestamp = 0;
  let arrivedMs = 0;
  let completed: AccessUnit[] = [];

  const finish = (): void => {
    if (!pending.hasSlice) {
      parts.take();
      pending = newPending();
      return;
    }
    const { access, position, isIntra, recoveryFrames, isField } = pending;
    const isOverfull = parts.isOverfull();
    const isIncomplete = pending.isIncomplete || isOverfull || isFragmentOpen;
    const format = sets.format();
    const hasParameterSets = format !== undefined && sets.all().length > 0;
    const verdict = frames.judge({
      ...{ access, position, isIntra, recoveryFrames },
      ...{ isIncomplete, hasParameterSets },
    });
    const { isKey, isDamaged, leading } = verdict;
    rotation = pending.rotation ?? rotation;
    const before = isKey ? missingSets() : [];
    const data = parts.take(before);
    const streamSeconds = seconds(pending.timestamp);
    if (!isOverfull && leading !== "undecodable") {
      completed.push({
        data,
        bytes: data.length,
        isKey,
        ...(isKey && format && { format }),
        rotation,
        streamSeconds,
        arrivedMs: pending.arrivedMs,
        isDamaged,
        ...(leading === "decodable" && { isLeading: true }),
        ...(isField && { isField }),
        ...(access !== "none" && !isIncomplete && !hasParameterSets && { lacksParameterSets: true }),
      });
    }
    pending = newPending();
    isFragmentOpen = false;
    gathered = undefined;
  };

  /** All parameter sets with start codes, unless the access unit contains them. */
  const missingSets = (): readonly Uint8Array[] => {
    const isIncluded = (set: Uint8Array) => pending.sets.some((unit) => Buffer.compare(unit, set) === 0);
    return sets.all().every(isIncluded) ? [] : sets.all().flatMap((set) => [START_CODE, set]);
  };

  /** @param data the unit, or its beginning, after its header */
  const beginUnit = (type: number, data: Uint8Array): void => {
    const slice = nal.isSlice(type) ? nal.readSlice(type, data) : undefined;
    if (pending.hasSlice && (slice?.isFirst ?? nal.isPrefix(type))) finish();
    if (slice !== undefined) beginSlice(slice, data);
    pending.arrivedMs = arrivedMs;
  };

  /** Whether the access unit has a part of a frame, possibly a lost one: else it joins the next packet. */
  const hasFrame = (): boolean => pending.hasSlice || pending.isIncomplete;

  const isField = (data: Uint8Array): boolean => {
    const set = sets.format()?.isInterlaced === true ? sets.sequenceSet() : undefined;
    return set !== undefined && nal.isField(data, set);
  };

  const beginSlice = (slice: SliceFacts, data: Uint8Array): void => {
    if (!pending.hasSlice) {
      pending.isField = isField(data);
      pending.hasSlice = true;
      pending.timestamp = timestamp;
      // Before the first slice no part of the frame can be missing.
      pending.isIncomplete = !slice.isFirst;
      pending.access = slice.access;
      pending.position = slice.position;
      // A marker ended the frame between two slices.
      if (!slice.isFirst && timestamp === markedTimestamp) isMarkerReliable = false;
    }
    pending.isIntra &&= slice.isIntra;
    if (slice.position === "trailing") pending.position = "trailing";
  };

  /** Reads a unit that is no slice. */
  const readOther = (type: number, unit: Uint8Array): void => {
    if (PARAMETER_SETS[nal.codec].includes(type)) {
      sets.put(unit);
      pending.sets.push(Uint8Array.from(unit));
    } else if (nal.isSupplemental(type)) {
      const { recoveryFrames, rotation: turned } = readSupplemental(nal.codec, unit);
      pending.recoveryFrames = recoveryFrames ?? pending.recoveryFrames;
      pending.rotation = turned ?? pending.rotation;
    }
  };

  const addWhole = (unit: Uint8Array): void => {
    if (unit.length < nal.headerBytes) return;
    const type = nalType(nal.codec, unit);
    if (nal.isDropped(type)) return;
    beginUnit(type, unit.subarray(nal.headerBytes));
    readOther(type, unit);
    parts.add(START_CODE);
    parts.add(unit);
  };

  const fail = (): void => {
    if (!pending.hasSlice) {
      pending.timestamp = timestamp;
      frames.lose();
    }
    pending.isIncomplete = true;
    isFragmentOpen = false;
    gathered = undefined;
  };

  const units: NalUnits = {
    add(unit) {
      if (isFragmentOpen) fail();
      if (unit.length < nal.headerBytes) {
        fail();
        return;
      }
      // Some cameras send several units in one, separated by start codes. Slices are not searched: decoders do that.
      const isSingle = nal.isSlice(nalType(nal.codec, unit)) && (unit[0] !== 0 || unit[1] !== 0);
      if (isSingle) addWhole(unit);
      else for (const each of splitAtStartCodes(unit)) addWhole(each);
    },
    addFragment(header, data, isEnd) {
      if ((header !== undefined) === isFragmentOpen) fail();
      if (header !== undefined) {
        const type = nalType(nal.codec, header);
        if (nal.isDropped(type)) return;
        isFragmentOpen = true;
        if (nal.isSlice(type)) beginUnit(type, data);
        else gathered = unitBuffer();
        isFragmentOpen = true;
        if (gathered === undefined) parts.add(START_CODE);
        (gathered ?? parts).add(header);
      }
      if (!isFragmentOpen) return;
      (gathered ?? parts).add(data);
      pending.arrivedMs = arrivedMs;
      if (!isEnd) return;
      isFragmentOpen = false;
      if (gathered === undefined) return;
      const whole = gathered.take();
      gathered = undefined;
      units.add(whole);
    },
    fail,
  };

  return {
    push(packet) {
      timestamp = packet.timestamp;
      arrivedMs = packet.arrivedMs;
      if (packet.isAfterLoss) {
        frames.lose();
        if (hasFrame() || isFragmentOpen) fail();
        markedTimestamp = undefined;
      }
      if (hasFrame() && timestamp !== pending.timestamp) finish();
      readPayload(packet.payload, units);
      if (packet.marker && isMarkerReliable && hasFrame() && !isFragmentOpen) {
        finish();
        markedTimestamp = timestamp;
      }
      if (completed.length === 0) return NONE;
      const returned = completed;
      completed = [];
      return returned;
    },
  };
}

/**
 * Reads the NAL units of an aggregation packet (RFC 6184, 5.7.1; RFC 7798, 4.4.2).
 * @param start of the first unit's size @param between bytes between a unit and the size of the next one
 */
export function readAggregate(payload: Uint8Array, start: number, between: number, units: NalUnits): void {
  for (let at = start; at < payload.length; at += between) {
    const length = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
    at += 2;
    if (at + length > payload.length) {
      units.fail();
      return;
    }
    if (length > 0) units.add(payload.subarray(at, at + length));
    at += length;
  }
}

/** Zeros before a start code belong to it (H.264 and H.265, annex B). */
function splitAtStartCodes(bytes: Uint8Array): readonly Uint8Array[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const units: Uint8Array[] = [];
  let start = 0;
  while (start < buffer.length) {
    const next = buffer.indexOf(SHORT_START_CODE, start);
    let end = next < 0 ? buffer.length : next;
    while (next >= 0 && end > start && buffer[end - 1] === 0) end--;
    if (end > start) units.push(bytes.subarray(start, end));
    start = next < 0 ? buffer.length : next + SHORT_START_CODE.length;
  }
  return units;
}

function newPending() {
  return {
    hasSlice: false,
    /** Of its first slice. */
    timestamp: 0,
    arrivedMs: 0,
    isIncomplete: false,
    isField: false,
    access: "none" as Access,
    position: "leading" as Position,
    isIntra: true,
    recoveryFrames: undefined as number | undefined,
    rotation: undefined as Rotation | undefined,
    sets: [] as Uint8Array[],
  };
}
