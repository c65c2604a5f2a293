import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { IdleSetting } from "../../../agent/camera/idle-mode.ts";
import { compileFile } from "../../../detectors/compiler/compile-file.ts";
import { startWatchWorld, watched } from "../../faults/watching/watch-world.ts";
import { type EventSummary, summarise } from "./compare-events.ts";
import { type Filming, FPS, filmPassages, type Moving, type Passage } from "./passages.ts";
import { startRtspCamera } from "./rtsp-camera.ts";

/** A clip, served by RTSP to several cameras of one agent. */
export interface Scene {
  readonly name: string;
  readonly source: string;
  readonly passages: readonly Passage[];
  readonly filming: Filming;
  /** `detect.idle` of each camera that watches the scene. */
  readonly idle: readonly IdleSetting[];
}

/** What one camera of a scene reported while the clip played once. */
export interface Watched {
  readonly scene: string;
  readonly idle: IdleSetting;
  readonly events: readonly EventSummary[];
  /** Frames that were decoded, and those of them that the detector had no time for. */
  readonly decoded: number;
  readonly skipped: number;
  /** When something moved in the clip, seconds since its start. */
  readonly moving: readonly Moving[];
}

/** The left and the right part of the frame, from the horizon down. */
const ZONES = {
  left: { coordinates: "0,0.3,0.45,0.3,0.45,1,0,1" },
  right: { coordinates: "0.55,0.3,1,0.3,1,1,0.55,1" },
};
/** An integer module with a small input: on two cores it keeps up with four cameras. */
const MODULE = { size: { width: 320, height: 192 }, precision: "i8" } as const;

/**
 * Films the scenes, and watches each of them with several cameras of one agent at the same time.
 * @param folder for the clips
 */
export async function watchScenes(
  scenes: readonly Scene[],
  weights: string,
  folder: string,
): Promise<readonly Watched[]> {
  await using stack = new AsyncDisposableStack();
  const modulePath = join(folder, "detector.wasm");
  writeFileSync(modulePath, (await compileFile(weights, MODULE)).bytes);
  const films = [];
  for (const [index, scene] of scenes.entries()) {
    const file = join(folder, `${index}.mp4`);
    const moving = await filmPassages(scene.source, scene.passages, scene.filming, file);
    const camera = stack.use(await startRtspCamera({ clip: file }));
    films.push({ scene, moving, address: camera.address });
  }
  const cameras = films.flatMap(({ scene, address, moving }, index) => {
    return scene.idle.map((idle, which) => {
      const settings = { detect: { idle }, objects: { track: ["person", "car"] } };
      return { name: `camera_${index}_${which}`, scene, address, moving, idle, settings };
    });
  });
  const world = stack.use(
    await startWatchWorld({
      modulePath,
      cameras: Object.fromEntries(
        cameras.map(({ name, address, settings }, index) => {
          return [name, watched(address, { ...settings, zones: zonesOf(index) })];
        }),
      ),
    }),
  );
  const seconds = Math.max(...scenes.map(({ passages }) => secondsOf(passages)));
  await delay(1000 * (seconds - 2));
  const { cameras: figures } = await world.newStats();
  await world.stop();
  return cameras.map(({ name, scene, idle, moving }) => {
    const { seen = 0, skipped = 0 } = figures[name]?.frames ?? {};
    return {
      scene: scene.name,
      idle,
      events: summarise(world.events(name)).map((event) => ({
        ...event,
        zones: event.zones.map(withoutIndex),
      })),
      decoded: seen,
      skipped,
      moving,
    };
  });
}

/** Names of zones are unique in a configuration. */
function zonesOf(camera: number): object {
  return Object.fromEntries(Object.entries(ZONES).map(([name, zone]) => [`${name}_${camera}`, zone]));
}

function withoutIndex(zone: string): string {
  return zone.replace(/_\d+$/, "");
}

function secondsOf(passages: readonly Passage[]): number {
  const frames = passages.flatMap(({ from, to, before, after }) => [before, to - from, after]);
  return frames.reduce((sum, part) => sum + Math.round(part * FPS), 0) / FPS;
}
