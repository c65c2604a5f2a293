import { expect, test } from "vitest";
import { peopleIn } from "../../../../scripts/benchmark/pipeline/yolov5-people.ts";

const SIZE = { width: 64, height: 64 };
const CHANNELS = 85;
/** A logit whose logistic function is almost 0. */
const NEVER = -20;

/** Heads without objects. */
function emptyHeads(): Float32Array[] {
  return [8, 4, 2].map((side) => new Float32Array(3 * CHANNELS * side * side).fill(NEVER));
}

/** Adds a person to a cell of the coarsest head (2 × 2 cells of 32 pixels), at the cell's centre. */
function addPerson(heads: readonly Float32Array[], cell: number, anchor: number, objectness: number): void {
  const head = heads[2] ?? new Float32Array();
  const set = (channel: number, logit: number) => {
    head[(anchor * CHANNELS + channel) * 4 + cell] = logit;
  };
  for (const channel of [0, 1, 2, 3]) set(channel, 0);
  set(4, objectness);
  set(5, 20);
}

test("logits of 0 give a box at its cell's centre with its anchor's size", () => {
  const heads = emptyHeads();
  addPerson(heads, 2, 0, 2);
  const [person, ...others] = peopleIn(heads, SIZE, 0.5);
  expect(others).toEqual([]);
  expect(person?.score).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  expect(person?.box).toEqual([16 - 58, 48 - 45, 16 + 58, 48 + 45]);
});

test("of two boxes of the same person the one with the higher score is kept", () => {
  const heads = emptyHeads();
  addPerson(heads, 0, 1, 1);
  addPerson(heads, 1, 1, 3);
  expect(peopleIn(heads, SIZE, 0.5).map(({ box }) => box[0])).toEqual([48 - 78]);
});

test("detections below the lowest score are omitted", () => {
  const heads = emptyHeads();
  addPerson(heads, 3, 2, -0.1);
  expect(peopleIn(heads, SIZE, 0.5)).toEqual([]);
  expect(peopleIn(heads, SIZE, 0.4)).toHaveLength(1);
});
