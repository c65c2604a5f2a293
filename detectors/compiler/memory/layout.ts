/**
 * The layout of values in memory, before addresses are assigned: which values share a buffer, the size of a pixel, and the
 * border around a feature map.
 *
 * - A pixel's channels are contiguous and padded to whole vectors of 16 bytes, so that kernels store vectors.
 * - The input of a padded convolution includes the padding as a border. The right border of a row is the left border of
 *   the next.
 * - The parts of a concatenation are written directly into it where vectors fit: the concatenation then costs nothing.
 * - An elementwise operator overwrites an input that no later operator reads.
 */

import { factsOf } from "../graph/facts.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { ELEMENT_BYTES, type ValueType } from "../graph/value.ts";
import { sameShape } from "../ops/shapes.ts";
import { lifetimes, type Slice } from "./lifetimes.ts";

const VECTOR_BYTES = 16;

/** Memory of one feature map, or of several that make up a concatenation. */
export interface BufferLayout {
  readonly bytes: number;
  /** Byte offset of the first channel of pixel (0, 0). */
  readonly originBytes: number;
  readonly pixelBytes: number;
  readonly rowBytes: number;
  /** Pixels of padding on every side. */
  readonly borderPixels: number;
  /** The bytes of a border pixel; undefined: zeros. */
  readonly borderPixel: Uint8Array | undefined;
  readonly height: number;
}

export interface Layout {
  /** Buffers by the name of the value that they were made for. */
  readonly buffers: ReadonlyMap<string, BufferLayout>;
  /** The slice of every computed value; constants have none. */
  readonly slices: ReadonlyMap<string, Slice>;
}

/**
 * Lays out every computed value of the graph.
 * @param keep values that must not be overwritten
 */
export function layOut(graph: Graph, keep: readonly string[] = []): Layout {
  const maps = featureMaps(graph);
  const slices = placeConcatenationParts(graph, maps);
  reuseInputBuffers(graph, slices, keep);
  const borders = new Map<string, number>();
  const zeros: { readonly buffer: string; readonly channelBytes: number; readonly zero: Float32Array }[] = [];
  for (const node of graph.nodes) {
    const [input] = node.inputs;
    const border = factsOf(node).border;
    if (border === undefined || input === undefined) continue;
    const { top, left, bottom, right } = border.padding;
    const buffer = slices.get(input)?.buffer ?? input;
    borders.set(buffer, Math.max(borders.get(buffer) ?? 0, top, left, bottom, right));
    const { zero } = border;
    if (zero !== undefined) zeros.push({ buffer, channelBytes: slices.get(input)?.channelBytes ?? 0, zero });
  }
  const buffers = new Map<string, BufferLayout>();
  for (const [value, type] of graph.values) {
    if (graph.constants.has(value) || slices.has(value)) continue;
    slices.set(value, { buffer: value, channelBytes: 0 });
    const bytes = pixelBytes(graph, value, type, maps);
    const own = zeros.filter(({ buffer }) => buffer === value);
    const borderPixel = own.length === 0 ? undefined : new Uint8Array(bytes);
    for (const { channelBytes, zero } of own) borderPixel?.set(zero, channelBytes);
    buffers.set(value, bufferLayout(type, bytes, borders.get(value) ?? 0, borderPixel));
  }
  return { buffers, slices };
}

/** Decides which parts of each concatenation are written directly into it. */
function placeConcatenationParts(graph: Graph, maps: ReadonlySet<string>): Map<string, Slice> {
  const slices = new Map<string, Slice>();
  const computed = new Map(graph.nodes.map((node) => [node.output, node]));
  for (const node of graph.nodes) {
    if (factsOf(node).joinedAxis !== CHANNELS || !maps.has(node.output)) continue;
    let channelBytes = 0;
    for (const [index, part] of node.inputs.entries()) {
      const type = graph.values.get(part);
      const partBytes = type === undefined ? 0 : (type.shape[2] ?? 0) * ELEMENT_BYTES[type.dtype];
      const isLast = index === node.inputs.length - 1;
      const wholeVectors = channelBytes % VECTOR_BYTES === 0 && (isLast || partBytes % VECTOR_BYTES === 0);
      const maker = computed.get(part);
      // A concatenation inside another keeps its own buffer.
      const writesVectors = maker !== undefined && writesWholeVectors(maker, maps);
      if (wholeVectors && writesVectors && !slices.has(part)) {
        slices.set(part, { buffer: node.output, channelBytes });
      }
      channelBytes += partBytes;
    }
  }
  return slices;
}

/** Whether a kernel writes all vectors of a feature map. */
function writesWholeVectors(node: Node, maps: ReadonlySet<string>): boolean {
  const { writes, elementwise } = factsOf(node);
  return writes === "vectors" || (writes === "any" && elementwise && node.inputs.some((x) => maps.has(x)));
}

/** The axis of a feature map's channels. */
const CHANNELS = 2;

/**
 * The values whose pixels are whole vectors: those that a kernel of feature maps reads or writes, and those that an elementwise
 * operator or a concatenation makes of one. All others have no gaps.
 */
function featureMaps(graph: Graph): ReadonlySet<string> {
  const maps = new Set<string>();
  for (const node of graph.nodes) {
    if (factsOf(node).writes === "any") continue;
    for (const value of [...node.inputs, node.output]) maps.add(value);
  }
  for (const node of graph.nodes) {
    const { writes, elementwise, joinedAxis } = factsOf(node);
    const { inputs, output } = node;
    if (writes !== "any" || !(elementwise || joinedAxis !== undefined)) continue;
    if (inputs.some((input) => maps.has(input) && isRank3(graph, input) && isRank3(graph, output))) {
      maps.add(output);
    }
  }
  return maps;
}

function isRank3({ values }: Graph, value: string): boolean {
  return values.get(value)?.shape.length === 3;
}

/** Lets elementwise operators overwrite their first input where nothing reads it afterwards. */
function reuseInputBuffers(graph: Graph, slices: Map<string, Slice>, keep: readonly string[]): void {
  const sliceOf = (value: string): Slice => slices.get(value) ?? { buffer: value, channelBytes: 0 };
  const computed = [...graph.values.keys()].filter((value) => !graph.constants.has(value));
  const lives = lifetimes(graph, new Map(computed.map((value) => [value, sliceOf(value)])));
  const lastOf = new Map([...lives].map(([buffer, { last }]) => [buffer, last]));
  for (const value of keep) lastOf.set(sliceOf(value).buffer, graph.nodes.length);
  const producers = new Map(graph.nodes.map((node) => [node.output, node]));
  for (const [index, node] of graph.nodes.entries()) {
    const { inputs, output } = node;
    const [input = ""] = inputs;
    const producer = producers.get(input);
    if (!factsOf(node).elementwise || producer === undefined) continue;
    if (factsOf(producer).writes === "contiguous") continue;
    if (slices.has(output) || graph.outputs.includes(output)) continue;
    const slice = sliceOf(input);
    if (!isSameType(graph, input, output) || lastOf.get(slice.buffer) !== index) continue;
    lastOf.set(slice.buffer, lastOf.get(output) ?? index);
    slices.set(output, slice);
  }
}

function isSameType({ values }: Graph, a: string, b: string): boolean {
  const [first, second] = [values.get(a), values.get(b)];
  return first?.dtype === second?.dtype && sameShape(first?.shape ?? [], second?.shape ?? []);
}

function pixelBytes(graph: Graph, value: string, type: ValueType, maps: ReadonlySet<string>): number {
  const bytes = (type.shape[2] ?? 1) * ELEMENT_BYTES[type.dtype];
  if (type.dtype === "u8" || !maps.has(value)) return bytes;
  const maker = graph.nodes.find(({ output }) => output === value);
  const isContiguous = maker !== undefined && factsOf(maker).writes === "contiguous";
  return isContiguous ? bytes : Math.ceil(bytes / VECTOR_BYTES) * VECTOR_BYTES;
}

function bufferLayout(
  type: ValueType,
  pixelBytes: number,
  borderPixels: number,
  borderPixel: Uint8Array | undefined,
): BufferLayout {
  const [height = 1, width = 1] = type.shape;
  if (type.shape.length !== 3) {
    const bytes = type.shape.reduce((product, size) => product * size, ELEMENT_BYTES[type.dtype]);
    return {
      bytes,
      originBytes: 0,
      pixelBytes: bytes,
      rowBytes: bytes,
      borderPixels: 0,
      borderPixel,
      height: 1,
    };
  }
  const rowBytes = (width + borderPixels) * pixelBytes;
  const originBytes = borderPixels * (rowBytes + pixelBytes);
  const bytes = (height + 2 * borderPixels) * rowBytes + borderPixels * pixelBytes;
  return { bytes, originBytes, pixelBytes, rowBytes, borderPixels, borderPixel, height };
}
