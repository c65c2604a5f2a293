import { expect, test } from "vitest";
import { suggest } from "../../../agent/config/suggest.ts";

const KEYS = ["host", "port", "user", "topic_prefix"];

test.each([
  ["hots", "host"],
  ["prot", "port"],
  ["Port", "port"],
  ["topic-prefix", "topic_prefix"],
  ["topicprefx", "topic_prefix"],
])("%s means %s", (word, meant) => {
  expect(suggest(word, KEYS)).toBe(meant);
});

test("a word like no other gets no suggestion", () => {
  expect(suggest("zones", KEYS)).toBeUndefined();
});

test("a word longer than any key brings no suggestion", () => {
  expect(suggest("a".repeat(60), ["a".repeat(59)])).toBeUndefined();
});
