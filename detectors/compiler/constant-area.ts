/**
 * Memory behind the arena that keeps its contents from one inference to the next: weights, biases, tables. What is read only
 * before the first inference lies in the arena itself, where there is room.
 */
import { numbersToHalves } from "./half.ts";
import { emitWidening, GROUP, SCALE, type ShortNumbers } from "./kernels/widen.ts";
import { alignUp, type Stretch } from "./memory/plan.ts";
import type { FunctionReference } from "./wasm/assembler.ts";
import type { ModuleBuilder } from "./wasm/module.ts";

/** Packed weights as a product: blocks of equal length, and in each, number i is of lane i mod `lanes`. */
export interface PackedProduct {
  readonly numbers: Float32Array;
  /** blocks × lanes, a block's lanes together. */
  readonly factors: Float32Array;
  /** 4 or 8. */
  readonly lanes: number;
}

type Numbers = Float32Array | Int16Array | Int8Array;

export interface ConstantArea {
  /** Puts bytes into the module; returns their address, as all here a multiple of 64. */
  storeBytes(bytes: Uint8Array): number;
  /**
   * Puts numbers into the module; the same array is stored once.
   * @param product what `data` is the product of
   */
  store(data: Numbers, product?: PackedProduct): number;
  /** The same for numbers that only a preparation reads: the first inference writes over them. */
  storeForPreparation(data: Numbers, product?: PackedProduct): number;
  /** Sets memory aside that is zeros at first. */
  reserve(bytes: number): number;
  /** Emits what makes floats of all that lies in the module in half as many bytes; to be called before anything reads them. */
  emitWidening(): FunctionReference | undefined;
  endAddress(): number;
}

/** Fewer floats are not worth the instructions that widen them. */
const FEWEST = 256;

/**
 * Where the weights and other constants go. Floats that binary16 holds exactly take two bytes in the file instead of four.
 * @param startAddress the first behind the arena
 * @param idleAtStart what of the arena is free until the first inference
 */
export function constantArea(
  module: ModuleBuilder,
  startAddress: number,
  idleAtStart: readonly Stretch[] = [],
): ConstantArea {
  let end = startAddress;
  let idle = idleAtStart;
  const stored = new Map<Numbers, number>();
  const short: ShortNumbers[] = [];
  const reserve = (bytes: number): number => {
    const address = alignUp(end);
    end = address + bytes;
    return address;
  };
  const reserveIdle = (bytes: number): number => {
    const room = idle.find((stretch) => stretch.bytes >= bytes);
    if (room === undefined) return reserve(bytes);
    const taken = alignUp(bytes);
    const rest = { address: room.address + taken, bytes: room.bytes - taken };
    idle = idle.map((stretch) => (stretch === room ? rest : stretch));
    return room.address;
  };
  const storeBytes = (bytes: Uint8Array, address = reserve(bytes.length)): number => {
    module.dataAt(address, bytes);
    return address;
  };
  const storeShort = (
    { numbers, factors, lanes }: PackedProduct,
    place: (bytes: number) => number,
  ): number | undefined => {
    const blocks = factors.length / lanes;
    const groups = numbers.length / blocks / GROUP;
    if (numbers.length < FEWEST || !Number.isInteger(groups)) return undefined;
    const halves = numbersToHalves(numbers);
    const scaled = groupFactors(factors, lanes);
    if (halves === undefined || scaled === undefined) return undefined;
    const address = place(numbers.byteLength);
    // In the upper half of the floats' own place: widened from the lowest address on, none is overwritten unread.
    const source = address + numbers.byteLength - halves.byteLength;
    module.dataAt(source, bytesOf(halves));
    short.push({ source, target: address, factors: storeBytes(bytesOf(scaled)), blocks, groups });
    return address;
  };
  const storeNumbers = (data: Numbers, product: PackedProduct | undefined, place: typeof reserve): number => {
    const asItIs = data instanceof Float32Array ? { numbers: data, factors: ONES, lanes: GROUP } : undefined;
    return (
      (product && storeShort(product, place)) ??
      (asItIs && storeShort(asItIs, place)) ??
      storeBytes(bytesOf(data), place(data.byteLength))
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
    emitWidening: () => (short.length === 0 ? undefined : emitWidening(module, short)),
    endAddress: () => end,
  };
}

const ONES = new Float32Array(GROUP).fill(1);

/** A factor for each number of a group, block by block, as widening wants them; undefined where one is too large for that. */
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
