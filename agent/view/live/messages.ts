import type { Report } from "../../health/report.ts";
import type { Outcome } from "../../outcome.ts";
import { predictedBox, type Track } from "../../tracking/track.ts";
import { colourAt, textColourOn } from "../colours.ts";
import type { Box, Health, SeenObject, Sight } from "../page/protocol.ts";

/** Converts an outcome to a message for viewers; undefined if it has no frame. */
export function sightOf(camera: string, { timeMs, frame, seen }: Outcome): Sight | undefined {
  if (frame === undefined || seen === undefined) return undefined;
  const { width, height } = frame;
  return {
    type: "sight",
    camera,
    timeMs,
    width,
    height,
    motion: seen.motion.map(wholePixels),
    regions: seen.regions.map(wholePixels),
    objects: seen.tracks.map((track): SeenObject => {
      const object = seen.lifecycle.get(track.id)?.now;
      const colour = colourAt(track.id);
      return {
        track: track.id,
        label: track.label,
        score: Number(track.score.toFixed(2)),
        box: wholePixels(boxNow(track, timeMs)),
        colour,
        ink: textColourOn(colour),
        sure: object !== undefined && !object.false_positive && track.missed === 0,
        found: track.lastSeenMs === timeMs,
        still: track.stationary,
        zones: object?.current_zones ?? [],
      };
    }),
  };
}

/** Between two detection passes, the box is predicted from the track's motion. */
function boxNow(track: Track, timeMs: number): Box {
  return track.lastSeenMs === timeMs || track.stationary ? track.box : predictedBox(track);
}

function wholePixels([x1, y1, x2, y2]: Box): Box {
  return [Math.round(x1), Math.round(y1), Math.round(x2), Math.round(y2)];
}

/** Selects from the agent's report what the page shows. */
export function healthOf({ uptime, rss_mb, broker, detector, cameras }: Report): Health {
  return {
    type: "health",
    uptimeSeconds: uptime,
    memoryMb: rss_mb,
    broker: { connected: broker.connected, waiting: broker.waiting },
    detector: {
      inferenceMs: detector.inference_speed,
      faults: detector.faults,
      restarts: detector.restarts,
    },
    cameras: cameras.map((camera) => ({
      name: camera.name,
      online: camera.online,
      outage: camera.outage && {
        sinceMs: camera.outage.since * 1000,
        // The message starts with the name of the camera, which the page shows beside it.
        reason: camera.outage.reason?.replace(`${camera.name}: `, "") ?? null,
        remedy: camera.outage.remedy,
      },
      detecting: camera.detection_enabled,
      cameraFps: camera.camera_fps,
      expectedFps: camera.expected_fps,
      skippedFps: camera.skipped_fps,
      detectionFps: camera.detection_fps,
    })),
  };
}
