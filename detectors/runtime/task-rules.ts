/** The rules of a description that connect several of its keys. */
import {
  type AudioDescription,
  DETECT_PARAMETERS,
  elementsOf,
  type LabelSpec,
  MAX_DETECTIONS,
  MAX_SIDE,
  type ModelDescription,
  type TensorSpec,
} from "../module-format.ts";

/** Adds the problems of a description whose keys are valid one by one. */
export function checkTask(description: ModelDescription, problems: string[]): void {
  const { inputs, outputs, parameters, labels = [] } = description;
  for (const [path, items] of Object.entries({ inputs, outputs, parameters })) {
    const names = items.map(({ name }) => name);
    if (new Set(names).size < names.length) problems.push(`${path}: expected different names`);
  }
  if (new Set(labels.map(({ id }) => id)).size < labels.length)
    problems.push("labels: expected different ids");
  const rows = new Set(outputs.filter(({ rows }) => rows === "counted").map(({ shape }) => shape[0]));
  if (rows.size > 1 || rows.has(undefined)) {
    problems.push("outputs: expected the same first dimension in all counted outputs");
  }
  switch (description.task) {
    case "detect":
      checkPictureInput(inputs, problems);
      checkDetections(description, problems);
      break;
    case "classify":
      checkPictureInput(inputs, problems);
      checkScores(outputs, description.labels, problems);
      break;
    case "embed":
      checkPictureInput(inputs, problems);
      if (outputs[0]?.dtype !== "f32") problems.push(`outputs[0]: expected f32, the embedding`);
      break;
    case "anomaly":
      checkPictureInput(inputs, problems);
      checkAnomaly(outputs, problems);
      break;
    case "audio":
      checkSamples(description, problems);
      checkScores(outputs, description.labels, problems);
      break;
    case "tensor":
      break;
  }
}

function checkPictureInput([first, ...others]: readonly TensorSpec[], problems: string[]): void {
  const [height = 0, width = 0, channels, ...more] = first?.shape ?? [];
  const isSide = (side: number): boolean => side >= 1 && side <= MAX_SIDE;
  const isPicture = isSide(height) && isSide(width) && channels === 3 && more.length === 0;
  if (first?.dtype === "u8" && isPicture && others.length === 0) return;
  problems.push(`inputs: expected one, u8 [height, width, 3] with sides from 1 to ${MAX_SIDE}`);
}

function checkDetections({ outputs, parameters }: ModelDescription, problems: string[]): void {
  const [first, ...others] = outputs;
  const [rows, fields, ...more] = first?.shape ?? [];
  const isTable = rows === MAX_DETECTIONS && fields === 6 && more.length === 0 && first?.rows === "counted";
  if (first?.dtype !== "f32" || !isTable || others.length > 0) {
    problems.push(`outputs: expected one, f32 [${MAX_DETECTIONS}, 6] with counted rows`);
  }
  const names = DETECT_PARAMETERS.map(({ name }) => name);
  if (parameters.map(({ name }) => name).join() !== names.join()) {
    problems.push(`parameters: expected ${names.join(" and ")}`);
  }
}

/** Every label has a score. */
function checkScores(
  [scores]: readonly TensorSpec[],
  labels: readonly LabelSpec[],
  problems: string[],
): void {
  const highest = labels.reduce((most, { id }) => Math.max(most, id), 0);
  if (scores?.dtype === "f32" && scores.rows === undefined && elementsOf(scores) > highest) return;
  problems.push(`outputs[0]: expected f32 scores of ids up to ${highest}`);
}

function checkAnomaly([map, score]: readonly TensorSpec[], problems: string[]): void {
  if (map?.dtype !== "f32" || map.shape.length !== 2 || map.rows !== undefined) {
    problems.push("outputs[0]: expected f32 [rows, columns], the heat map");
  }
  if (score?.dtype !== "f32" || elementsOf(score) !== 1) {
    problems.push("outputs[1]: expected one f32, the score");
  }
}

function checkSamples({ inputs, audio }: AudioDescription, problems: string[]): void {
  const [first, ...others] = inputs;
  const samples = audio.window * audio.channels;
  const isSound = first?.dtype === "f32" || first?.dtype === "i16";
  if (first !== undefined && isSound && elementsOf(first) === samples && others.length === 0) return;
  problems.push(`inputs: expected one, f32 or i16 with audio.window × audio.channels = ${samples} samples`);
}
