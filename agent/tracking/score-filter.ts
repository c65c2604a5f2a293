import type { ModelInfo, ScoreFilter } from "../../detectors/detector.ts";
import { type ObjectsConfig, objectFilter } from "../config/schema.ts";

/** What a module says about its scores. */
export type ModelFilters = ModelInfo["filters"];

/** For modules that say nothing about their scores: Frigate's defaults. */
const DEFAULT: ScoreFilter = { min_score: 0.5, threshold: 0.7 };

/** The score filter of a label on a camera: each value from the configuration, else from the module, else the default. */
export function scoreFilter(objects: ObjectsConfig, label: string, filters: ModelFilters): ScoreFilter {
  const configured = objectFilter(objects, label);
  // A label may be the name of something that every object inherits.
  const ofModule = filters !== undefined && Object.hasOwn(filters, label) ? filters[label] : undefined;
  const { min_score, threshold } = ofModule ?? DEFAULT;
  return { min_score: configured.min_score ?? min_score, threshold: configured.threshold ?? threshold };
}
