import { expect, test } from "vitest";
import { buildGraph } from "../../detectors/compiler/graph/builder.ts";
import type { Tensor } from "../../detectors/compiler/graph/value.ts";
import { evaluateTensors } from "../../detectors/compiler/ops/evaluate.ts";
import { SELECTED } from "../../detectors/compiler/ops/select-boxes.ts";
import { seeded } from "../support/base/seeded.ts";
import { instantiateKernels } from "../support/models/kernel-module.ts";
import { binaryenAccepts } from "../support/models/valid-wasm.ts";

const ATTRIBUTES = { firstClass: 1, most: 7, scoreThreshold: 0.3, iouThreshold: 0.4 };

/** Boxes that overlap, with scores of few different values, so that some are equal; some boxes are empty. */
function randomBoxes(seed: number, count: number, classes: number): Map<string, Tensor> {
  const next = seeded(seed);
  const corners = Float32Array.from({ length: count }, () => next()).reduce<number[]>((all, top) => {
    const [left, height, width] = [next(), next() - 0.1, next()];
    all.push(top, left, top + height * 0.5, left + width * 0.5);
    return all;
  }, []);
  const scores = Float32Array.from({ length: count * classes }, () => Math.floor(next() * 16) / 16);
  return new Map([
    ["corners", { shape: [count, 4], data: Float32Array.from(corners) }],
    ["scores", { shape: [count, classes], data: scores }],
  ]);
}

function graphOf(count: number, classes: number) {
  const builder = buildGraph();
  const corners = builder.input("corners", { dtype: "f32", shape: [count, 4] });
  const scores = builder.input("scores", { dtype: "f32", shape: [count, classes] });
  return builder.finish(builder.add("select_boxes", [corners, scores], ATTRIBUTES, "y"));
}

test.each([1, 2, 9, 60, 200])("the kernel selects the same of %i boxes as the reference", async (count) => {
  const graph = graphOf(count, 5);
  const kernels = await instantiateKernels(graph);
  expect(binaryenAccepts(kernels.bytes, "simd128")).toBe(true);
  for (let seed = 1; seed <= 10; seed++) {
    const inputs = randomBoxes(seed, count, 5);
    for (const [name, tensor] of inputs) kernels.write(name, tensor);
    kernels.run();
    expect([...kernels.read("y").data]).toEqual([...(evaluateTensors(graph, inputs).get("y")?.data ?? [])]);
  }
});

test("the best box comes first, boxes that overlap it are left out, and the rest are zeros", () => {
  const corners = Float32Array.of(...[0, 0, 1, 1], ...[0, 0, 1, 0.9], ...[2, 2, 3, 3], ...[5, 5, 6, 6]);
  const scores = Float32Array.of(
    ...[0.9, 0.1, 0.5, 0, 0],
    ...[0, 0.8, 0, 0, 0],
    ...[0, 0, 0, 0.4, 0],
    ...[1, 0.2, 0, 0, 0],
  );
  const inputs = new Map<string, Tensor>([
    ["corners", { shape: [4, 4], data: corners }],
    ["scores", { shape: [4, 5], data: scores }],
  ]);
  const rows = [...(evaluateTensors(graphOf(4, 5), inputs).get("y")?.data ?? [])];
  expect(rows.slice(0, 5).map((x) => Math.fround(x))).toEqual([0, 0, 1, 0.9, 0].map(Math.fround));
  expect(rows.slice(SELECTED, SELECTED + 5)).toEqual([2, 2, 3, 3, 2]);
  expect(rows.slice(2 * SELECTED, ATTRIBUTES.most * SELECTED).every((x) => x === 0)).toBe(true);
  expect(rows[ATTRIBUTES.most * SELECTED]).toBe(2);
});
