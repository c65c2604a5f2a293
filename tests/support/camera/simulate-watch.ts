import type { EventMessage } from "../../../agent/events/event.ts";
import { eventIds, seededRandom } from "../../../agent/events/event-id.ts";
import { needsEveryFrame } from "../../../agent/tracking/track.ts";
import { begin, step, type WatchedCamera } from "../../../agent/watch-camera.ts";
import type { Detector } from "../../../detectors/detector.ts";
import type { Watcher } from "./simulate-plan.ts";

/** The part of a camera's pipeline behind the gate, without time: the detector is always fast enough. */
export function watcher(
  camera: WatchedCamera,
  detector: Detector,
): { readonly watch: Watcher; readonly events: readonly EventMessage[] } {
  const dependencies = {
    detector,
    prefix: "sabrewing",
    signal: new AbortController().signal,
    newId: eventIds(seededRandom(1)),
    startMs: 0,
  };
  const events: EventMessage[] = [];
  let { state } = begin(camera, dependencies);
  return {
    events,
    async watch(sighting) {
      const next = await step(state, sighting, camera, dependencies);
      state = next.state;
      events.push(...next.outcome.events);
      return needsEveryFrame(next.outcome.seen?.tracks ?? []);
    },
  };
}
