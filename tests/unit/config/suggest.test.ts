import { expect, test } from "vitest";
import { suggest } from "../../../agent/config/suggest.ts";

const KEYS = ["host", "port", "user", "topic_prefix"];

test.each([
  ["hots", "host"],
  ["prot", "port"],
  ["Port", "port"],
  ["topic-prefix", "topic_prefix"],
  ["topicprefx", "topic_prefix"],
])("suggests for %s the key %s", (word, meant) => {
  expect(suggest(word, KEYS)).toBe(meant);
});

test("suggests the closest of several words, whatever their order and case", () => {
  expect(suggest("persons", ["pardons", "person", "personal"])).toBe("person");
  expect(suggest("personal", ["person", "PERSONA"])).toBe("PERSONA");
  expect(suggest("ca", ["cat", "dog"])).toBe("cat");
});

test("has no suggestion for a word that resembles no key", () => {
  expect(suggest("zones", KEYS)).toBeUndefined();
});

test("has no suggestion for a word longer than any key", () => {
  expect(suggest("a".repeat(60), ["a".repeat(59)])).toBeUndefined();
});
