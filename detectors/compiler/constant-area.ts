/**
 * Memory behind the arena that keeps its contents between inferences: weights, biases, tables. Data that is read only before
 * the first inference goes into idle parts of the arena where it fits.
 */
import type { NumberArray } from "./graph/value.ts";
import { numbersToHalves } from "./half.ts";
import { emitWidening, GROUP, type HalfNumbers, SCALE } from "./kernels/widen.ts";
import { alignUp, type MemoryRange } from "./memory/plan.ts";
import type { FunctionReference } from "./wasm/assembler.ts";
import type { ModuleBuilder } from "./wasm/module.ts";

/** Packed weights as a product of numbers and factors. In each block, number i belongs to lane i mod `lanes`. */
export interface PackedProduct {
  readonly numbers: Float32Array;
  /** [block][lane] */
  readonly factors: Float32Array;
  /** 4 or 8. */
  readonly lanes: number;
}

export interface ConstantArea {
  /** Stores bytes in the module and returns their address, a multiple of 64 like all addresses here. */
  storeBytes(bytes: Uint8Array): number;
  /**
   * Stores numbers in the module; the same array is stored once.
   * @param product the same numbers as a product
   */
  store(data: NumberArray, product?: PackedProduct): number;
  /** Stores numbers that only a preparation reads; the first inference overwrites them. */
  storeForPreparation(data: NumberArray, product?: PackedProduct): number;
  /** Reserves zeroed memory. */
  reserve(bytes: number): number;
  /** Emits the function that widens all numbers stored as binary16 to floats. It must run before anything reads them. */
  emitWidening(): FunctionReference | undefined;
  endAddress(): number;
}

/** Below this, the instructions that widen the numbers take more bytes than binary16 saves. */
const MIN_NUMBERS = 256;

/**
 * An empty area. Floats that binary16 represents exactly take two bytes in the file instead of four.
 * @param startAddress first address behind the arena
 * @param idleAtStart parts of the arena that are free until the first inference
 */
export function constantArea(
  module: ModuleBuilder,
  startAddress: number,
  idleAtStart: readonly MemoryRange[] = [],
): ConstantArea {
  let end = startAddress;
  let idle = idleAtStart;
  const stored = new Map<NumberArray, number>();
  const halfNumbers: HalfNumbers[] = [];
  const reserve = (bytes: number): number => {
    const address = alignUp(end);
    end = address + bytes;
    return address;
  };
  const reserveIdle = (bytes: number): number => {
    const free = idle.find((range) => range.bytes >= bytes);
    if (free === undefined) return reserve(bytes);
    const used = alignUp(bytes);
    const rest = { address: free.address + used, bytes: free.bytes - used };
    idle = idle.map((range) => (range === free ? rest : range));
    return free.address;
  };
  const storeBytes = (bytes: Uint8Array, address = reserve(bytes.length)): number => {
    module.dataAt(address, bytes);
    return address;
  };
  const storeHalves = (
    { numbers, factors, lanes }: PackedProduct,
    allocate: (bytes: number) => number,
  ): number | undefined => {
    const blocks = factors.length / lanes;
    const groups = numbers.length / blocks / GROUP;
    if (numbers.length < MIN_NUMBERS || !Number.isInteger(groups)) return undefined;
    const halves = numbersToHalves(numbers);
    const scaled = groupFactors(factors, lanes);
    if (halves === undefined || scaled === undefined) return undefined;
    const address = allocate(numbers.byteLength);
    // The upper half of the floats' own memory: widening from the lowest address on overwrites no number before it is read.
    const source = address + numbers.byteLength - halves.byteLength;
    module.dataAt(source, bytesOf(halves));
    halfNumbers.push({ source, target: address, factors: storeBytes(bytesOf(scaled)), blocks, groups });
    return address;
  };
  const storeNumbers = (
    data: NumberArray,
    product: PackedProduct | undefined,
    allocate: typeof reserve,
  ): number => {
    const identity =
      data instanceof Float32Array ? { numbers: data, factors: ONES, lanes: GROUP } : undefined;
    return (
      (product && storeHalves(product, allocate)) ??
      (identity && storeHalves(identity, allocate)) ??
      storeBytes(bytesOf(data), allocate(data.byteLength))
    );
  };
  return {
    reserve,
    storeBytes: (bytes) => storeBytes(bytes),
    store(data, product) {
      const address = stored.get(data) ?? storeNumbers(data, product, reserve);
      stored.set(data, address);
      return address;
    },
    storeForPreparation: (data, product) => storeNumbers(data, product, reserveIdle),
    emitWidening: () => (halfNumbers.length === 0 ? undefined : emitWidening(module, halfNumbers)),
    endAddress: () => end,
  };
}

const ONES = new Float32Array(GROUP).fill(1);

/** A factor for each number of a group, block by block, as widening reads them; undefined where one would overflow. */
function groupFactors(factors: Float32Array, lanes: number): Float32Array | undefined {
  const length = (factors.length / lanes) * GROUP;
  const scaled = Float32Array.from({ length }, (_, index) => {
    const block = Math.floor(index / GROUP);
    return (factors[block * lanes + (index % lanes)] ?? 0) * SCALE;
  });
  return scaled.every((factor) => Number.isFinite(factor)) ? scaled : undefined;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBufferLike>): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
