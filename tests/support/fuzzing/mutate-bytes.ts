/** Words that have a meaning for the parser under test, for insertion into mutants. */
export type Words = readonly Uint8Array[];

type Random = () => number;
type Mutation = (bytes: Uint8Array, random: Random, words: Words) => Uint8Array;

/** Edge values of integers of 8, 16, 32 and 64 bits, little-endian. */
const EDGES: readonly (readonly number[])[] = [
  [0x00],
  [0x7f],
  [0x80],
  [0xff],
  [0xff, 0x7f],
  [0x00, 0x80],
  [0xff, 0xff],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0x80],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
];
const LONGEST_RUN = 64;

/** The mutations of bytes, after AFL's havoc stage (M. Zalewski, 2014). */
const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    return overwritten(bytes, at(random, bytes.length), (old) => old ^ (1 << at(random, 8)));
  },
  function setByte(bytes, random) {
    return overwritten(bytes, at(random, bytes.length), () => at(random, 256));
  },
  function nudgeByte(bytes, random) {
    return overwritten(bytes, at(random, bytes.length), (old) => old + at(random, 9) - 4);
  },
  function setEdge(bytes, random) {
    const edge = EDGES[at(random, EDGES.length)] ?? [];
    const start = at(random, bytes.length);
    return replaced(bytes, start, edge.length, Uint8Array.from(edge));
  },
  function insertWord(bytes, random, words) {
    return replaced(
      bytes,
      at(random, bytes.length + 1),
      0,
      words[at(random, words.length)] ?? new Uint8Array(),
    );
  },
  function overwriteWord(bytes, random, words) {
    const word = words[at(random, words.length)] ?? new Uint8Array();
    return replaced(bytes, at(random, bytes.length), word.length, word);
  },
  function insertNoise(bytes, random) {
    const noise = Uint8Array.from({ length: 1 + at(random, LONGEST_RUN) }, () => at(random, 256));
    return replaced(bytes, at(random, bytes.length + 1), 0, noise);
  },
  function deleteRun(bytes, random) {
    return replaced(bytes, at(random, bytes.length), 1 + at(random, LONGEST_RUN), new Uint8Array());
  },
  function repeatRun(bytes, random) {
    const start = at(random, bytes.length);
    return replaced(bytes, start, 0, bytes.subarray(start, start + 1 + at(random, LONGEST_RUN)));
  },
  function moveRun(bytes, random) {
    const start = at(random, bytes.length);
    const run = bytes.slice(start, start + 1 + at(random, LONGEST_RUN));
    return replaced(replaced(bytes, start, run.length, new Uint8Array()), at(random, bytes.length), 0, run);
  },
  function cutShort(bytes, random) {
    return bytes.slice(0, at(random, bytes.length));
  },
];

/** Most mutants have one or two mutations, so that they get far into a parser. */
const MOST_MUTATIONS = 8;

/** A mutated copy of `bytes`; equal random numbers give equal copies. */
export function mutatedBytes(bytes: Uint8Array, random: Random, words: Words): Uint8Array {
  let mutant = bytes;
  const times = 1 + Math.floor(random() ** 3 * MOST_MUTATIONS);
  for (let turn = 0; turn < times; turn++) {
    mutant = MUTATIONS[at(random, MUTATIONS.length)]?.(mutant, random, words) ?? mutant;
  }
  return mutant;
}

/** A random integer in [0, end); 0 when `end` is 0. */
export function at(random: Random, end: number): number {
  return Math.floor(random() * end);
}

function overwritten(bytes: Uint8Array, index: number, change: (old: number) => number): Uint8Array {
  // Buffer.slice() shares memory: it would change the seed of all later mutants.
  const copy = Uint8Array.from(bytes);
  if (index < copy.length) copy[index] = change(copy[index] ?? 0);
  return copy;
}

function replaced(bytes: Uint8Array, start: number, length: number, by: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(start + length)]);
}
