/** What a TensorFlow.js model says of itself: who made it, and who converted it. */
import type { ModelOrigin } from "../origin/model-origin.ts";
import type { TfjsModel } from "./schema.ts";

/** The converter writes its own version, or the version of TensorFlow, where nobody else is named. */
const VERSION = /^\d+(\.\d+)*/;

/** Projects that publish models for TensorFlow.js, by the address that their files name. */
const PROJECTS: readonly (readonly [address: RegExp, what: string])[] = [
  [/google\/mediapipe/, "a model of MediaPipe"],
  [/oarriaga\/face_classification/, "a classifier of facial expressions (face_classification)"],
];

/** What is known of a file's family and tool. */
export function tfjsOrigin({ generatedBy = "", convertedBy = "" }: TfjsModel): ModelOrigin {
  const [, project] = PROJECTS.find(([address]) => address.test(generatedBy)) ?? [];
  const maker = VERSION.test(generatedBy) ? `TensorFlow ${generatedBy}` : generatedBy;
  const by = [
    ...(maker === "" || project !== undefined ? [] : [`made by ${maker}`]),
    ...(convertedBy === "" ? [] : [`converted by ${convertedBy}`]),
  ];
  return { what: [project ?? "a TensorFlow.js model", ...by].join(", ") };
}
