import type { VideoFormat } from "./access-unit.ts";
import { bitReader, rawPayload, unlessTooShort } from "./bit-reader.ts";
import { skipProfile } from "./h265-parameter-set.ts";
import { videoFormat } from "./parameter-sets.ts";

/** The latest parameter sets of an H.264 or H.265 stream. */
export interface ParameterSetStore {
  /** Keeps a copy of a parameter set, which replaces the one with the same id. Drops invalid ones. */
  put(unit: Uint8Array): void;
  /** All of them, each after those that it refers to; empty while a kind is missing. */
  all(): readonly Uint8Array[];
  /** From the latest valid sequence parameter set. */
  format(): VideoFormat | undefined;
  /** The latest valid sequence parameter set, including its header; the same object until it changes. */
  sequenceSet(): Uint8Array | undefined;
}

/** Real ones have less than 200 bytes; with scaling lists 2 kB. */
const MOST_BYTES = 4096;
/** Per kind. */
const MOST_SETS = 16;

type SetCodec = "H264" | "H265";

/** NAL unit types of parameter sets (H.264, table 7-1; H.265, table 7-1), each after those that it refers to. */
export const PARAMETER_SETS: Readonly<Record<SetCodec, readonly number[]>> = {
  H264: [7, 8],
  H265: [32, 33, 34],
};

/** @param described the parameter sets of the stream's description */
export function parameterSetStore(codec: SetCodec, described: readonly Uint8Array[]): ParameterSetStore {
  const kinds = PARAMETER_SETS[codec];
  const sets = kinds.map(() => new Map<number, Uint8Array>());
  const sequenceSets = sets.at(-2);
  let format: VideoFormat | undefined;
  let sequenceSet: Uint8Array | undefined;
  let all: readonly Uint8Array[] = [];

  const store: ParameterSetStore = {
    put(unit) {
      const type = nalType(codec, unit);
      const kind = sets[kinds.indexOf(type)];
      const id = unit.length > MOST_BYTES ? undefined : unlessTooShort(() => readId(codec, type, unit));
      if (kind === undefined || id === undefined) return;
      const known = kind.get(id);
      if (known !== undefined && Buffer.compare(known, unit) === 0) return;
      const copy = Uint8Array.from(unit);
      if (kind === sequenceSets) {
        const found = videoFormat(codec, unit);
        if (found === undefined) return;
        format = found;
        sequenceSet = copy;
      }
      const [oldest = id] = kind.keys();
      if (known === undefined && kind.size >= MOST_SETS) kind.delete(oldest);
      kind.set(id, copy);
      all = sets.some(({ size }) => size === 0) ? [] : sets.flatMap((each) => [...each.values()]);
    },
    all: () => all,
    format: () => format,
    sequenceSet: () => sequenceSet,
  };
  for (const unit of described) store.put(unit);
  return store;
}

/** The type in the header of a NAL unit. */
export function nalType(codec: SetCodec, header: Uint8Array): number {
  const [first = 0] = header;
  return codec === "H264" ? first & 31 : (first >> 1) & 63;
}

function readId(codec: SetCodec, type: number, unit: Uint8Array): number {
  const bits = bitReader(rawPayload(unit, codec === "H264" ? 1 : 2));
  if (codec === "H264") {
    if (type === 7) bits.skip(24);
    return bits.unsigned();
  }
  if (type === 32) return bits.take(4);
  if (type === 33) {
    bits.skip(4);
    skipProfile(bits, bits.take(3));
  }
  return bits.unsigned();
}
