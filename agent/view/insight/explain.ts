import type { Size } from "../../base/box.ts";
import type { CameraConfig, ZoneConfig } from "../../config/schema.ts";
import type { FrameDetection } from "../../detection/detect-regions.ts";
import type { KnownObject } from "../../events/lifecycle.ts";
import { whyOutside } from "../../events/zones.ts";
import { type Refusal, refusalOf } from "../../tracking/object-filter.ts";
import { type ModelFilters, scoreFilter } from "../../tracking/score-filter.ts";
import { medianScore } from "../../tracking/score-history.ts";
import type { Track } from "../../tracking/track.ts";

/** The settings of a camera that decide what becomes an event. */
export interface Rules extends Pick<CameraConfig, "detect" | "objects" | "zones"> {
  /** Of the module. Default: it says nothing about its scores. */
  readonly modelFilters?: ModelFilters;
}

/** Why something did not become an event. */
export interface Explanation {
  /** The key of the configuration that decides, below the camera; undefined: no key does. */
  readonly key: string | undefined;
  /** A sentence without a full stop. */
  readonly text: string;
}

/** A detection with a lower share of `min_score` is noise. */
const NEAR = 0.5;
/** The score from which an object of an untracked label is listed. */
const SURE = 0.5;

/** Why a detection starts no track; undefined if it does, or if its score is too low to be listed. */
export function explainDetection(
  detection: FrameDetection,
  { objects, modelFilters }: Rules,
  frame: Size,
): Explanation | undefined {
  const { label, score } = detection;
  const refusal = refusalOf(detection, objects, frame);
  if (refusal?.because === "label") {
    return score < SURE ? undefined : { key: "objects.track", text: "the label is not tracked" };
  }
  const { min_score: minScore } = scoreFilter(objects, label, modelFilters);
  if (score < minScore) {
    if (score < NEAR * minScore) return undefined;
    return {
      key: `objects.filters.${label}.min_score`,
      text: `its score, ${percent(score)}, is below min_score, ${percent(minScore)}`,
    };
  }
  return refusal === undefined ? undefined : explainRefusal(refusal, label);
}

function explainRefusal(refusal: Exclude<Refusal, { because: "label" }>, label: string): Explanation {
  if (refusal.because === "mask") return { key: `objects.${refusal.key}`, text: "it stands in a mask" };
  const { key, value, limit } = refusal;
  const isArea = key === "min_area" || key === "max_area";
  const side = key === "min_area" || key === "min_ratio" ? "below" : "above";
  const amount = (number: number) => (isArea ? `${Math.round(number)} pixels` : number.toFixed(2));
  return {
    key: `objects.filters.${label}.${key}`,
    text: `its ${isArea ? "area" : "width / height"}, ${amount(value)}, is ${side} ${key}, ${amount(limit)}`,
  };
}

/**
 * Why a track is no event; undefined if it is one.
 * @param known what the agent publishes about it, if it does
 */
export function explainTrack(
  track: Track,
  known: KnownObject | undefined,
  rules: Rules,
): Explanation | undefined {
  if (!track.confirmed) {
    const { min_initialized: needed } = rules.detect;
    const text = `it was detected in ${track.hits} frames in a row; min_initialized is ${needed}`;
    return { key: "detect.min_initialized", text };
  }
  if (known === undefined) return { key: undefined, text: "it has not moved since it was first detected" };
  if (!known.now.false_positive) return undefined;
  const { threshold } = scoreFilter(rules.objects, track.label, rules.modelFilters);
  const median = medianScore(track.scoreHistory);
  if (median < threshold) {
    return {
      key: `objects.filters.${track.label}.threshold`,
      text: `its median score, ${percent(median)}, is below threshold, ${percent(threshold)}`,
    };
  }
  return { key: undefined, text: "it overlaps another object with this label" };
}

/** Why an object has not entered a zone; undefined if it has. */
export function explainZone(
  track: Track,
  { zones }: Pick<KnownObject, "zones">,
  zone: ZoneConfig,
  frame: Size,
): Explanation | undefined {
  if (zones.entered.includes(zone.name)) return undefined;
  const at = (key: string) => `zones.${zone.name}.${key}`;
  const outside = whyOutside(track, zone, frame);
  if (outside === "label") return { key: at("objects"), text: "the zone does not accept this label" };
  if (outside === "position") return { key: at("coordinates"), text: "it stands outside the zone" };
  if (outside === "filter")
    return { key: at(`filters.${track.label}`), text: "the zone's filter refuses it" };
  const presence = zones.presences.get(zone.name);
  const inside = presence?.inside === true ? presence.detections : 0;
  if (inside < zone.inertia) {
    return {
      key: at("inertia"),
      text: `it was inside in ${inside} frames in a row; inertia is ${zone.inertia}`,
    };
  }
  const seconds = ((track.updatedMs - (presence?.sinceMs ?? track.updatedMs)) / 1000).toFixed(0);
  const text = `it has been inside for ${seconds} s; loitering_time is ${zone.loitering_time} s`;
  return { key: at("loitering_time"), text };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
