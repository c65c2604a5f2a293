import type { Report } from "../../health/report.ts";
import type { Health } from "../page/protocol.ts";

/** Selects from the agent's report what the page shows. */
export function healthIn({ uptime, rss_mb, broker, detector, cameras }: Report): Health {
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
      detecting: camera.detection_enabled,
      cameraFps: camera.camera_fps,
      expectedFps: camera.expected_fps,
      skippedFps: camera.skipped_fps,
      detectionFps: camera.detection_fps,
    })),
  };
}
