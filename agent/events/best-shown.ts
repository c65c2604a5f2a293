import type { ObjectEvent } from "./event.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** The objects told of whose best picture so far is the frame of this time, or that were told of first in it. */
export function bestShown(before: Lifecycle, lifecycle: Lifecycle, timeMs: number): readonly ObjectEvent[] {
  return [...lifecycle].flatMap(([id, { now, toldAtMs }]) => {
    if (toldAtMs === undefined) return [];
    const isNew = before.get(id)?.toldAtMs === undefined;
    return isNew || now.snapshot?.frame_time === timeMs / 1000 ? [now] : [];
  });
}
