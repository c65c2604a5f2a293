/**
 * The memory plan: assigns every value an address before code is emitted, so that the module needs no allocator and its
 * memory can have minimum == maximum.
 *
 * Buffers whose lifetimes do not overlap share memory. Each buffer in turn gets the lowest address at which it overlaps no
 * other that is alive at the same time (greedy by offset; Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
 * Inference", 2020). Buffers are ordered by length of life, then by size: YOLOv5n's arena is then at most 7 % larger than the
 * peak of live bytes. The paper's order, by size alone, makes it up to 31 % larger.
 */
import type { Graph } from "../graph/graph.ts";
import { type BufferLayout, layOut } from "./layout.ts";
import { type Lifetime, lifetimes } from "./lifetimes.ts";

/** A cache line, so that no two buffers share one. */
const ALIGNMENT_BYTES = 64;

/** Where a value lies: the address of pixel (0, 0), channel 0, and the distances between pixels and rows. */
export interface Placement {
  readonly address: number;
  readonly pixelBytes: number;
  readonly rowBytes: number;
}

export interface MemoryRange {
  readonly address: number;
  readonly bytes: number;
}

/** A buffer in the arena. */
export interface ArenaBuffer extends Lifetime, MemoryRange {
  readonly name: string;
}

/** A buffer whose border must be filled before node `first` writes into it. */
export interface BorderedBuffer extends BufferLayout, Lifetime {
  readonly address: number;
}

export interface MemoryPlan {
  readonly placements: ReadonlyMap<string, Placement>;
  readonly bordered: readonly BorderedBuffer[];
  /** Addresses of the working memory of nodes, by output. */
  readonly scratch: ReadonlyMap<string, number>;
  /** All buffers of the arena, for tests and diagnosis. */
  readonly buffers: readonly ArenaBuffer[];
  /** Parts of the arena that are unused before the first node runs. */
  readonly idleAtStart: readonly MemoryRange[];
  /** First address behind the arena. */
  readonly endAddress: number;
}

export interface MemoryRequest {
  /** First address of the arena. */
  readonly startAddress: number;
  /** Values with given addresses outside the arena. */
  readonly fixed: ReadonlyMap<string, number>;
  /** Bytes of working memory of nodes, by output; most need none. */
  readonly scratchBytes: ReadonlyMap<string, number>;
  /** Values that stay readable after the inference, for tests. */
  readonly keep: readonly string[];
}

/** Plans the memory of one inference. */
export function planMemory(graph: Graph, request: MemoryRequest): MemoryPlan {
  const layout = layOut(graph, request.keep);
  const lives = lifetimes(graph, layout.slices);
  const kept = new Set(request.keep.map((value) => layout.slices.get(value)?.buffer));
  const requests = [...layout.buffers].flatMap(([name, { bytes }]) => {
    const life = lives.get(name);
    if (life === undefined || request.fixed.has(name)) return [];
    return [{ name, bytes, first: life.first, last: kept.has(name) ? graph.nodes.length : life.last }];
  });
  const scratch = graph.nodes.flatMap((node, index) => {
    const bytes = request.scratchBytes.get(node.output) ?? 0;
    const name = `scratch of ${node.output}`;
    return bytes === 0 ? [] : [{ name, bytes, first: index, last: index }];
  });
  const buffers = assignAddresses([...requests, ...scratch], request.startAddress);
  const addresses = new Map([
    ...request.fixed,
    ...buffers.map(({ name, address }) => [name, address] as const),
  ]);

  const placements = new Map<string, Placement>();
  for (const [value, { buffer, channelBytes }] of layout.slices) {
    const address = addresses.get(buffer);
    const shape = layout.buffers.get(buffer);
    if (address === undefined || shape === undefined) continue;
    const { originBytes, pixelBytes, rowBytes } = shape;
    placements.set(value, { address: address + originBytes + channelBytes, pixelBytes, rowBytes });
  }
  const bordered = buffers.flatMap(({ name, address, first, last }) => {
    const shape = layout.buffers.get(name);
    return shape !== undefined && shape.borderPixels > 0 ? [{ ...shape, address, first, last }] : [];
  });
  const endAddress = Math.max(request.startAddress, ...buffers.map(({ address, bytes }) => address + bytes));
  return {
    placements,
    bordered,
    scratch: new Map(graph.nodes.map(({ output }) => [output, addresses.get(`scratch of ${output}`) ?? 0])),
    buffers,
    idleAtStart: gaps(
      buffers.filter(({ first }) => first < 0),
      request.startAddress,
      endAddress,
    ),
    endAddress,
  };
}

/** Assigns each buffer the lowest address at which it overlaps no buffer that is alive at the same time. */
function assignAddresses(
  requests: readonly Omit<ArenaBuffer, "address">[],
  startAddress: number,
): ArenaBuffer[] {
  const assigned: ArenaBuffer[] = [];
  const order = requests.toSorted((a, b) => b.last - b.first - (a.last - a.first) || b.bytes - a.bytes);
  for (const buffer of order) {
    const neighbours = assigned
      .filter((other) => other.first <= buffer.last && buffer.first <= other.last)
      .sort((a, b) => a.address - b.address);
    let address = alignUp(startAddress);
    for (const other of neighbours) {
      if (address + buffer.bytes <= other.address) break;
      address = Math.max(address, alignUp(other.address + other.bytes));
    }
    assigned.push({ ...buffer, address });
  }
  return assigned;
}

/** The memory between buffers that do not overlap. */
function gaps(buffers: readonly ArenaBuffer[], startAddress: number, endAddress: number): MemoryRange[] {
  const found: MemoryRange[] = [];
  let address = alignUp(startAddress);
  for (const buffer of [
    ...buffers.toSorted((a, b) => a.address - b.address),
    { address: endAddress, bytes: 0 },
  ]) {
    if (buffer.address > address) found.push({ address, bytes: buffer.address - address });
    address = alignUp(buffer.address + buffer.bytes);
  }
  return found;
}

/** The address rounded up to a cache line. */
export function alignUp(address: number): number {
  return Math.ceil(address / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}
