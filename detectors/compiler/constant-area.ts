/** Memory behind the arena that keeps its contents from one inference to the next: weights, biases, tables. */
import { numbersToHalves } from "./half.ts";
import { emitWidening, GROUP, SCALE, type ShortNumbers } from "./kernels/widen.ts";
import { alignUp } from "./memory/plan.ts";
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

export interface ConstantArea {
  /** Puts bytes into the module; returns their address, as all here a multiple of 64. */
  storeBytes(bytes: Uint8Array): number;
  /**
   * Puts numbers into the module; the same array is stored once.
   * @param product what `data` is the product of
   */
  store(data: Float32Array | Int16Array | Int8Array, product?: PackedProduct): number;
  /** Sets memory aside that is zeros at first. */
  reserve(bytes: number): number;
  /** Emits what makes floats of all that lies in the module in half as many bytes; to be called before anything reads them. */
  emitWidening(): FunctionReference | undefined;
  endAddress(): number;
}

/** Fewer floats are not worth the instructions that widen them. */
const FEWEST = 256;

/** Where the weights and other constants go. Floats that binary16 holds exactly take two bytes in the file instead of four. */
export function constantArea(module: ModuleBuilder, startAddress: number): ConstantArea {
  let end = startAddress;
  const stored = new Map<Float32Array | Int16Array | Int8Array, number>();
  const short: ShortNumbers[] = [];
  const reserve = (bytes: number): number => {
    const address = alignUp(end);
    end = address + bytes;
    return address;
  };
  const storeBytes = (bytes: Uint8Array): number => {
    const address = reserve(bytes.length);
    module.dataAt(address, bytes);
    return address;
  };
  const storeShort = ({ numbers, factors, lanes }: PackedProduct): number | undefined => {
    const blocks = factors.length / lanes;
    const groups = numbers.length / blocks / GROUP;
    if (numbers.length < FEWEST || !Number.isInteger(groups)) return undefined;
    const halves = numbersToHalves(numbers);
    const scaled = groupFactors(factors, lanes);
    if (halves === undefined || scaled === undefined) return undefined;
    const address = reserve(numbers.byteLength);
    // In the upper half of the floats' own place: widened from the lowest address on, none is overwritten unread.
    const source = address + numbers.byteLength - halves.byteLength;
    module.dataAt(source, bytesOf(halves));
    short.push({ source, target: address, factors: storeBytes(bytesOf(scaled)), blocks, groups });
    return address;
  };
  return {
    reserve,
    storeBytes,
    store(data, product) {
      const known = stored.get(data);
      if (known !== undefined) return known;
      const asItIs =
        data instanceof Float32Array ? { numbers: data, factors: ONES, lanes: GROUP } : undefined;
      const address =
        (product && storeShort(product)) ?? (asItIs && storeShort(asItIs)) ?? storeBytes(bytesOf(data));
      stored.set(data, address);
      return address;
    },
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
