import type { Box, Size } from "../../base/box.ts";
import type { CameraConfig, ZoneConfig } from "../../config/schema.ts";
import type { EventMessage, ObjectEvent } from "../../events/event.ts";
import type { Outcome } from "../../outcome.ts";
import type { BoxOfShares, PastEvent, TrackPoint, ZoneOutline } from "../../state/past-event.ts";
import { pictureJpeg } from "../live/jpeg.ts";
import { extendPath, NO_PATH, pathPoints, type TrackPath } from "./track-path.ts";

/** The settings of a camera that its history needs. */
export type RecordedCamera = Pick<CameraConfig, "name" | "zones" | "snapshots">;

/** Follows the events of all cameras. */
export interface Recorder {
  /** Takes the outcome of a frame. Its pixels are no longer needed when this returns. */
  see(camera: string, outcome: Outcome): void;
  /** An event in progress, in its current state. */
  openEvent(id: string): PastEvent | undefined;
  /** The picture of an event in progress; undefined if it has none. */
  openPicture(id: string): Promise<Uint8Array | undefined> | undefined;
  /** Ids of the events that go on. */
  openIds(): ReadonlySet<string>;
}

/** An event to store. */
export interface Recorded {
  readonly event: PastEvent;
  /** Only at its end, and only where the camera stores snapshots. */
  readonly picture?: Promise<Uint8Array | undefined> | undefined;
}

interface Picture {
  readonly jpeg: Promise<Uint8Array | undefined>;
  readonly box: Box;
  readonly timeMs: number;
}

/** An object in view. */
interface Followed {
  readonly path: TrackPath;
  readonly size: Size;
  readonly now: ObjectEvent;
  readonly picture?: Picture | undefined;
}

/** An approaching object has a better frame with every frame; one picture per second is enough. */
const PICTURE_EVERY_MS = 1_000;

/**
 * Records events from their start to their end. Pictures are taken only where the camera stores snapshots, and while they are
 * switched on.
 * @param cameras the settings in force
 * @param onEvent receives each event when it starts, when its object enters a zone, and when it ends
 */
export function eventRecorder(
  cameras: () => readonly RecordedCamera[],
  onEvent: (recorded: Recorded) => void,
): Recorder {
  /** By id. Objects that are not published yet have a path, too. */
  const followed = new Map<string, Followed>();
  const published = new Set<string>();

  function follow(camera: string, { timeMs, frame, seen }: Outcome): void {
    if (frame === undefined || seen === undefined) return;
    const keepsPictures = settingsOf(camera)?.snapshots.directory !== undefined;
    const size = { width: frame.width, height: frame.height };
    let jpeg: Picture["jpeg"] | undefined;
    const encodeOnce = () => {
      jpeg ??= pictureJpeg(frame).catch(() => undefined);
      return jpeg;
    };
    const present = new Set<string>();
    for (const { now, publishedMs } of seen.lifecycle.values()) {
      present.add(now.id);
      const before = followed.get(now.id);
      const isDue =
        keepsPictures &&
        now.has_snapshot &&
        publishedMs !== undefined &&
        isPictureDue(before?.picture, now, timeMs);
      followed.set(now.id, {
        path: extendPath(before?.path ?? NO_PATH, pointOf(now, size)),
        size,
        now,
        picture: isDue ? { jpeg: encodeOnce(), box: now.box, timeMs } : before?.picture,
      });
    }
    // Objects that went before they were published.
    for (const [id, { now }] of followed) {
      if (now.camera === camera && !present.has(id) && !published.has(id)) followed.delete(id);
    }
  }

  function settingsOf(name: string): RecordedCamera | undefined {
    return cameras().find((camera) => camera.name === name);
  }

  function pastEvent(id: string, message?: EventMessage): PastEvent | undefined {
    const object = followed.get(id);
    if (object === undefined) return undefined;
    const { now, size, picture, path } = object;
    return {
      id,
      camera: now.camera,
      label: now.label,
      startMs: Math.round(now.start_time * 1000),
      endMs: now.end_time === null ? null : Math.round(now.end_time * 1000),
      reason: message === undefined ? null : storedReason(message),
      score: now.top_score,
      zones: now.entered_zones,
      ...size,
      box: inShares(picture?.box ?? now.snapshot?.box ?? now.box, size),
      pictureBytes: 0,
      outlines: settingsOf(now.camera)?.zones.map(outlineOf) ?? [],
      track: pathPoints(path),
    };
  }

  return {
    see(camera, outcome) {
      follow(camera, outcome);
      for (const message of outcome.events) {
        const { type, before, after } = message;
        const object = followed.get(after.id);
        if (object === undefined) continue;
        followed.set(after.id, { ...object, now: after });
        const event = pastEvent(after.id, message);
        if (event === undefined) continue;
        if (type === "end") {
          followed.delete(after.id);
          published.delete(after.id);
          onEvent({ event, picture: object.picture?.jpeg });
        } else if (type === "new" || after.entered_zones.length > before.entered_zones.length) {
          published.add(after.id);
          // The track is written once, at the end.
          onEvent({ event: { ...event, track: [] } });
        }
      }
    },
    openEvent: (id) => (published.has(id) ? pastEvent(id) : undefined),
    openPicture: (id) => followed.get(id)?.picture?.jpeg,
    openIds: () => published,
  };
}

function outlineOf({ name, coordinates }: ZoneConfig): ZoneOutline {
  return { name, corners: coordinates };
}

/** The reason as published; where a switch ended the event, it also says which. */
function storedReason({ reason, switch: by }: EventMessage): string | null {
  if (reason === undefined) return null;
  return by === undefined ? reason : `${reason} ${by}`;
}

function isPictureDue(picture: Picture | undefined, now: ObjectEvent, timeMs: number): boolean {
  if (picture === undefined) return true;
  return now.snapshot?.frame_time === timeMs / 1000 && timeMs - picture.timeMs >= PICTURE_EVERY_MS;
}

function pointOf({ frame_time, start_time, box }: ObjectEvent, size: Size): TrackPoint {
  return [Math.max(0, Math.round((frame_time - start_time) * 1000)), ...inShares(box, size)];
}

function inShares([x1, y1, x2, y2]: Box, { width, height }: Size): BoxOfShares {
  const share = (pixels: number, all: number) =>
    Math.min(1000, Math.max(0, Math.round((pixels / all) * 1000)));
  return [share(x1, width), share(y1, height), share(x2, width), share(y2, height)];
}
