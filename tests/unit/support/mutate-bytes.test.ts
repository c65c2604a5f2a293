import { expect, test } from "vitest";
import { seeded } from "../../support/base/seeded.ts";
import { mutatedBytes } from "../../support/fuzzing/mutate-bytes.ts";
import { mutatedTree } from "../../support/fuzzing/mutate-tree.ts";

const WORDS = [Buffer.from("word")];
const MUTANTS = Array.from({ length: 300 }, (_, index) => index);

test.each([
  ["a Buffer", Buffer.from("a seed of some bytes, which many mutants are made of")],
  ["a Uint8Array", new TextEncoder().encode("a seed of some bytes, which many mutants are made of")],
])("mutants do not change their seed, %s, and are reproducible", (_kind, seed) => {
  const before = [...seed];
  const make = () => MUTANTS.map((index) => [...mutatedBytes(seed, seeded(index), WORDS)]);
  const mutants = make();
  expect([...seed]).toEqual(before);
  expect(make()).toEqual(mutants);
  expect(mutants.filter((mutant) => mutant.join() !== before.join()).length).toBeGreaterThan(250);
});

test("mutants do not change their tree and are reproducible", () => {
  const tree = { name: "x", list: [1, 2, { deep: true }], bytes: Uint8Array.of(1, 2) };
  const before = structuredClone(tree);
  const make = () => MUTANTS.map((index) => mutatedTree(tree, seeded(index)));
  const mutants = make();
  expect(tree).toEqual(before);
  expect(make()).toEqual(mutants);
  expect(Object.keys(Object.prototype)).toEqual([]);
});
