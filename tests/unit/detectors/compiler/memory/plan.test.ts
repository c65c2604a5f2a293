import { describe, expect, test } from "vitest";
import { ADDRESS, memoryRequest } from "../../../../../detectors/compiler/emit.ts";
import { buildGraph } from "../../../../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { planMemory } from "../../../../../detectors/compiler/memory/plan.ts";
import { runPasses } from "../../../../../detectors/compiler/passes/index.ts";
import { seededYolov5nGraph } from "../../../../support/models/seeded-yolov5n.ts";
import { addConvolution } from "../../../../support/models/small-graphs.ts";

function plan(graph: Graph, keep: readonly string[] = []) {
  return planMemory(graph, memoryRequest(graph, keep));
}

describe("the memory plan of a YOLOv5n", async () => {
  const graph = runPasses(await seededYolov5nGraph({ width: 320, height: 320 }));
  const { buffers, placements, idleAtStart, endAddress } = plan(graph);

  test("never overlaps two buffers that are alive at the same time", () => {
    const clashes = buffers.flatMap((a, index) =>
      buffers
        .slice(index + 1)
        .filter(
          (b) =>
            a.first <= b.last &&
            b.first <= a.last &&
            a.address < b.address + b.bytes &&
            b.address < a.address + a.bytes,
        )
        .map((b) => `${a.name} and ${b.name}`),
    );
    expect(clashes).toEqual([]);
  });

  test("reuses memory: the arena is much smaller than the sum of all buffers", () => {
    const all = buffers.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(endAddress).toBeLessThan(all / 3);
  });

  test("is less than 5 % larger than the peak of live bytes", () => {
    const most = Math.max(
      ...graph.nodes.map((_, index) =>
        buffers
          .filter(({ first, last }) => first <= index && index <= last)
          .reduce((sum, { bytes }) => sum + bytes, 0),
      ),
    );
    expect(endAddress).toBeGreaterThanOrEqual(most);
    expect(endAddress).toBeLessThan(1.05 * most);
  });

  test("lists the parts of the arena that are idle before the first node: all but the image", () => {
    const image = buffers.find(({ name }) => name === graph.inputs[0]);
    if (image === undefined) throw new Error("the image has a buffer");
    const idleBytes = idleAtStart.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(ADDRESS.arena + image.bytes + idleBytes).toBe(endAddress);
    for (const { address, bytes } of idleAtStart) {
      expect(address >= image.address + image.bytes || address + bytes <= image.address).toBe(true);
      expect(address).toBeGreaterThanOrEqual(ADDRESS.arena);
      expect(address + bytes).toBeLessThanOrEqual(endAddress);
    }
  });

  test("writes every part of every concatenation in place", () => {
    for (const node of graph.nodes) {
      if (node.op !== "concat") continue;
      let channelBytes = 0;
      for (const part of node.inputs) {
        expect(placements.get(part)?.address).toBe(
          (placements.get(node.output)?.address ?? 0) + channelBytes,
        );
        channelBytes += 4 * (graph.values.get(part)?.shape[2] ?? 0);
      }
    }
  });

  test("keeps every address inside the arena", () => {
    for (const { address, bytes } of buffers) expect(address + bytes).toBeLessThanOrEqual(endAddress);
  });
});

test("only the inputs of padded convolutions have a border", () => {
  const builder = buildGraph();
  const pixels = builder.add("normalize", [builder.image(8, 8)], { scale: 1 });
  const padded = addConvolution(builder, pixels, { outputs: 4, kernel: 3 }, 1);
  const plain = addConvolution(builder, padded, { outputs: 4 }, 2);
  const { bordered } = plan(builder.finish(plain));
  expect(bordered.map(({ borderPixels, height }) => ({ borderPixels, height }))).toEqual([
    { borderPixels: 1, height: 8 },
  ]);
});

test("a kept value shares its memory with no later value", () => {
  const builder = buildGraph();
  let value = builder.add("normalize", [builder.image(8, 8)], { scale: 1 });
  const values: string[] = [];
  for (const seed of [1, 2, 3, 4]) {
    value = addConvolution(builder, value, { outputs: 8 }, seed);
    values.push(value);
  }
  const graph = builder.finish(value);
  const [kept = ""] = values;
  const laterUsers = (keep: readonly string[]): number => {
    const { buffers } = plan(graph, keep);
    const own = buffers.find(({ name }) => name === kept);
    return buffers.filter(({ address, first }) => address === own?.address && first > (own?.first ?? 0))
      .length;
  };
  expect(laterUsers([])).toBeGreaterThan(0);
  expect(laterUsers([kept])).toBe(0);
});

describe("an elementwise operator", () => {
  /** convolution → relu → convolution, with an optional second reader of the relu's input. */
  function network(isReadAgain: boolean) {
    const builder = buildGraph();
    const pixels = builder.add("normalize", [builder.image(8, 8)], { scale: 1 });
    const x = addConvolution(builder, pixels, { outputs: 8 }, 1);
    const y = builder.add("relu", [x], {});
    const z = addConvolution(builder, y, { outputs: 8, kernel: 3 }, 2);
    const output = isReadAgain ? builder.add("add", [z, x], {}) : z;
    return { graph: builder.finish(addConvolution(builder, output, { outputs: 4 }, 3)), x, y };
  }
  const address = ({ graph, x, y }: ReturnType<typeof network>, keep: readonly string[] = []) => {
    const { placements } = plan(graph, keep);
    return [placements.get(x), placements.get(y)];
  };

  test("overwrites its input, whose buffer has the border that the next reader needs", () => {
    const once = network(false);
    const [x, y] = address(once);
    expect(x).toBeDefined();
    expect(y).toEqual(x);
    expect(plan(once.graph).bordered).toHaveLength(1);
  });

  test("does not overwrite an input that is read again or kept", () => {
    const [x, y] = address(network(true));
    expect(y?.address).not.toBe(x?.address);
    const once = network(false);
    const [keptX, keptY] = address(once, [once.x]);
    expect(keptY?.address).not.toBe(keptX?.address);
  });

  test("does not overwrite a concatenation whose parts are read again", () => {
    const builder = buildGraph();
    const pixels = builder.add("normalize", [builder.image(8, 8)], { scale: 1 });
    const parts = [1, 2].map((seed) => addConvolution(builder, pixels, { outputs: 8 }, seed));
    const joined = builder.add("concat", parts, { axis: 2 });
    const y = builder.add("relu", [joined], {});
    const read = builder.add("concat", [y, ...parts.slice(0, 1)], { axis: 2 });
    const { placements } = plan(builder.finish(addConvolution(builder, read, { outputs: 4 }, 3)));
    expect(placements.get(parts[0] ?? "")?.address).toBe(placements.get(joined)?.address);
    expect(placements.get(y)?.address).not.toBe(placements.get(joined)?.address);
  });
});
