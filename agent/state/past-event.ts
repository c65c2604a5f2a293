import { z } from "zod";

/** Thousandths of the frame's width and height: precise enough for drawing, and short on disk. */
const Share = z.int().min(0).max(1000);
const BoxOfShares = z.tuple([Share, Share, Share, Share]).readonly();

/** x1, y1, x2, y2 in thousandths of the frame's width and height. */
export type BoxOfShares = z.output<typeof BoxOfShares>;

/** A box of a track: milliseconds since the start of the event, then x1, y1, x2, y2. */
export type TrackPoint = readonly [sinceMs: number, ...box: BoxOfShares];

/** The zones of a camera when an event happened. Corners are shares of the frame's width and height. */
export type ZoneOutline = z.output<typeof ZoneOutlineSchema>;

/** An event as it is stored. */
export interface PastEvent {
  /** The id of the published event; it begins with the start in seconds. */
  readonly id: string;
  /** Unix milliseconds, whole. */
  readonly startMs: number;
  readonly camera: string;
  readonly label: string;
  /** Unix milliseconds; null: it is in view, or the agent died before the event ended. */
  readonly endMs: number | null;
  /** The reason of the end, as published; after `switched_off`, also the switch: `switched_off detect`. */
  readonly reason: string | null;
  /** The top score, 0..1. */
  readonly score: number;
  /** The zones that it entered, in order. */
  readonly zones: readonly string[];
  /** The size of the frames, pixels. */
  readonly width: number;
  readonly height: number;
  /** The object in its picture; without a picture, in its best frame. */
  readonly box: BoxOfShares;
  /** Of its picture; 0: none is stored. */
  readonly pictureBytes: number;
  readonly outlines: readonly ZoneOutline[];
  /** Oldest first; empty until the event ends. */
  readonly track: readonly TrackPoint[];
}

const ZoneOutlineSchema = z.object({
  name: z.string(),
  corners: z.array(z.tuple([z.number(), z.number()]).readonly()).readonly(),
});

const Outlines = z.array(ZoneOutlineSchema).readonly();
const Track = z
  .array(z.tuple([z.number(), Share, Share, Share, Share]).readonly())
  .max(1_000)
  .readonly();

const Row = z.object({
  key: z.int().min(0),
  id: z.string().min(1).max(200),
  camera: z.string().min(1).max(200),
  label: z.string().min(1).max(500),
  end_ms: z.int().nullable(),
  reason: z.string().max(100).nullable(),
  score: z.number().min(0).max(1),
  zones: z.string().max(20_000),
  width: z.int().min(1),
  height: z.int().min(1),
  box: z.string().max(100),
  picture_bytes: z.int().min(0),
  outlines: z.string().max(1_000_000).nullable(),
  track: z.string().max(100_000).nullable(),
});

/** Keys of rows are in the order of starts: the start in Unix milliseconds × 1000, plus a number that makes them unique. */
export const KEYS_PER_MS = 1000;

/** The values of an event, by column. */
export function eventRow(event: PastEvent) {
  const { id, camera, label, endMs: end_ms, reason, score, zones, width, height } = event;
  return {
    ...{ id, camera, label, end_ms, reason, score, width, height },
    zones: zonesText(zones),
    box: JSON.stringify(event.box),
    picture_bytes: event.pictureBytes,
  };
}

/** A bar on both sides of each name, so that a filter does not match a part of a name. Names have no bars. */
function zonesText(zones: readonly string[]): string {
  return zones.length === 0 ? "" : `|${zones.join("|")}|`;
}

/** Reads the column `zones`. */
export function zonesOf(text: string): readonly string[] {
  return text.split("|").filter((zone) => zone !== "");
}

/** Reads a row with the columns of `Row`. Disks fail and files are edited: undefined if the row is damaged. */
export function pastEvent(row: Readonly<Record<string, unknown>>): PastEvent | undefined {
  const read = Row.safeParse(row);
  if (!read.success) return undefined;
  const { key, end_ms: endMs, picture_bytes: pictureBytes, zones, ...values } = read.data;
  const box = fromJson(values.box, BoxOfShares);
  const outlines = fromJson(values.outlines ?? "[]", Outlines);
  const track = fromJson(values.track ?? "[]", Track);
  if (box === undefined || outlines === undefined || track === undefined) return undefined;
  return {
    ...values,
    startMs: Math.floor(key / KEYS_PER_MS),
    endMs,
    pictureBytes,
    zones: zonesOf(zones),
    box,
    outlines,
    track,
  };
}

function fromJson<Value>(text: string, schema: z.ZodType<Value>): Value | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
