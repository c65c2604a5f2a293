import { describe, expect, test } from "vitest";
import { ModelError } from "../../../../detectors/errors.ts";
import type { LabelSpec, PictureSpec, TensorSpec } from "../../../../detectors/module-format.ts";
import { parseDescription } from "../../../../detectors/runtime/description.ts";
import { fakeDescription } from "../../../support/detectors/fake-modules.ts";
import { describeTensors, MIXED } from "../../../support/detectors/tensor-module.ts";

const image: TensorSpec = { name: "image", shape: [4, 8, 3], dtype: "u8" };
const scores: TensorSpec = { name: "scores", shape: [1, 3], dtype: "f32" };
const picture: PictureSpec = { fit: "crop", pad: 0, filter: "cubic" };
const labels: readonly LabelSpec[] = [
  { id: 2, name: "cat" },
  { id: 0, name: "dog" },
];
const audio = { sampleRate: 16_000, window: 8, hop: 4, channels: 2, range: [-1, 1] };

/** A valid description of each task. */
const VALID: Readonly<Record<string, object>> = {
  detect: fakeDescription(8, 4),
  classify: { ...describeTensors([image], [scores]), task: "classify", labels, picture },
  embed: { ...describeTensors([image], [{ ...scores, name: "embedding" }]), task: "embed", picture },
  anomaly: {
    ...describeTensors(
      [image],
      [
        { name: "map", shape: [2, 2], dtype: "f32" },
        { name: "score", shape: [], dtype: "f32" },
      ],
    ),
    task: "anomaly",
    picture,
  },
  audio: {
    ...describeTensors([{ name: "samples", shape: [16], dtype: "i16" }], [scores]),
    ...{ task: "audio", labels, audio },
  },
  tensor: { ...MIXED, labels },
};

function read(description: object) {
  return parseDescription([new TextEncoder().encode(JSON.stringify(description))]);
}

function problemOf(description: object): string {
  try {
    read(description);
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
  return "none";
}

describe.each(Object.entries(VALID))("the description of the task %s", (_, description) => {
  test("is read as it is", () => {
    expect(read(description)).toEqual(description);
  });

  test("needs each of its keys", () => {
    for (const key of Object.keys(description)) {
      if (key === "labels" && description === VALID.tensor) continue;
      if (key === "state") continue;
      expect(problemOf({ ...description, [key]: undefined }), key).not.toBe("none");
    }
  });
});

const scale = { scale: 0.5, zero: -3 };
test("may give the scale and the zero of integers, and a dimension of 0", () => {
  const tensor: TensorSpec = { name: "x", shape: [0, 2], dtype: "i8", ...scale };
  expect(read(describeTensors([tensor], [tensor]))).toMatchObject({ inputs: [scale], outputs: [scale] });
});

test.each<[string, string, object, RegExp]>([
  [
    "an unknown task",
    "tensor",
    { task: "segment" },
    /task: expected one of detect, classify, embed, anomaly/,
  ],
  ["the key of another task", "tensor", { picture }, /picture: unknown key/],
  ["two pictures", "detect", { inputs: [image, { ...image, name: "other" }] }, /inputs: expected one, u8/],
  ["a picture of floats", "classify", { inputs: [{ ...image, dtype: "f32" }] }, /inputs: expected one, u8/],
  ["four channels", "embed", { inputs: [{ ...image, shape: [4, 8, 4] }] }, /inputs: expected one, u8/],
  [
    "a picture of 4,097 rows",
    "embed",
    { inputs: [{ ...image, shape: [4097, 8, 3] }] },
    /sides from 1 to 4096/,
  ],
  ["an empty picture", "anomaly", { inputs: [{ ...image, shape: [0, 8, 3] }] }, /inputs: expected one, u8/],
  [
    "a table that is not counted",
    "detect",
    { outputs: [{ name: "d", shape: [300, 6], dtype: "f32" }] },
    /outputs: expected one, f32 \[300, 6\]/,
  ],
  ["a detector without thresholds", "detect", { parameters: [] }, /parameters: expected score and iou/],
  [
    "fewer scores than labels",
    "classify",
    { outputs: [{ ...scores, shape: [2] }] },
    /outputs\[0\]: expected f32 scores of ids up to 2/,
  ],
  ["integer scores", "audio", { outputs: [{ ...scores, dtype: "i8" }] }, /outputs\[0\]: expected f32 scores/],
  [
    "an embedding of integers",
    "embed",
    { outputs: [{ ...scores, dtype: "i8" }] },
    /outputs\[0\]: expected f32, the embedding/,
  ],
  [
    "no anomaly score",
    "anomaly",
    { outputs: [{ name: "map", shape: [2, 2], dtype: "f32" }] },
    /outputs\[1\]: expected one f32/,
  ],
  [
    "a heat map of one dimension",
    "anomaly",
    { outputs: [scores, { ...scores, name: "b", shape: [3] }].map((o) => ({ ...o, shape: [3] })) },
    /outputs\[0\]: expected f32 \[rows, columns\]/,
  ],
  [
    "a window of another length",
    "audio",
    { inputs: [{ name: "s", shape: [15], dtype: "f32" }] },
    /audio\.window × audio\.channels = 16 samples/,
  ],
  [
    "a range that falls",
    "audio",
    { audio: { ...audio, range: [1, -1] } },
    /audio\.range: expected two numbers, the lower one first/,
  ],
  [
    "an unknown dtype",
    "tensor",
    { inputs: [{ ...image, dtype: "f64" }] },
    /inputs\[0\]\.dtype: expected one of f32, i8, u8, i16, i32, bool/,
  ],
  [
    "a negative dimension",
    "tensor",
    { inputs: [{ ...image, shape: [-1] }] },
    /inputs\[0\]\.shape\[0\]: expected an integer from 0/,
  ],
  [
    "nine dimensions",
    "tensor",
    { inputs: [{ ...image, shape: Array(9).fill(1) }] },
    /shape: expected a list of 0 to 8 dimensions/,
  ],
  [
    "a scale of 0",
    "tensor",
    { inputs: [{ ...image, scale: 0 }] },
    /inputs\[0\]\.scale: expected a number above 0/,
  ],
  [
    "a zero with a fraction",
    "tensor",
    { inputs: [{ ...image, zero: 0.5 }] },
    /inputs\[0\]\.zero: expected an integer/,
  ],
  ["counted inputs", "tensor", { inputs: [{ ...image, rows: "counted" }] }, /inputs\[0\]\.rows: unknown key/],
  [
    "different numbers of counted rows",
    "tensor",
    { outputs: [2, 3].map((n) => ({ name: `${n}`, shape: [n], dtype: "u8", rows: "counted" })) },
    /the same first dimension/,
  ],
  [
    "a counted single number",
    "tensor",
    { outputs: [{ name: "n", shape: [], dtype: "u8", rows: "counted" }] },
    /the same first dimension/,
  ],
  ["no output", "tensor", { outputs: [] }, /outputs: expected a list of 1 to 100 tensors/],
  ["101 inputs", "tensor", { inputs: Array(101).fill(image) }, /inputs: expected a list of 0 to 100 tensors/],
  ["two tensors of one name", "tensor", { inputs: [image, image] }, /inputs: expected different names/],
  ["two labels of one id", "classify", { labels: [labels[0], labels[0]] }, /labels: expected different ids/],
  [
    "a label id with a fraction",
    "classify",
    { labels: [{ id: 0.5, name: "cat" }] },
    /labels\[0\]\.id: expected an integer/,
  ],
  [
    "an infinite default",
    "tensor",
    { parameters: [{ name: "p", default: null }] },
    /parameters\[0\]\.default: expected a finite number/,
  ],
  ["a state that is not true", "tensor", { state: false }, /state: expected true/],
  ["no source", "tensor", { source: [] }, /source: expected a list of 1 to 20 origins/],
])("with %s is refused", (_, task, change, message) => {
  expect(problemOf({ ...VALID[task], ...change })).toMatch(message);
});
