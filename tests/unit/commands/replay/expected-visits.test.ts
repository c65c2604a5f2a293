import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../../agent/base/errors.ts";
import { parseExpected } from "../../../../agent/commands/replay/expected-visits.ts";

describe("a file of expected visits", () => {
  test("may contain lines of label, start, end and zones", () => {
    const text = `
      # who comes to the door
      label, start, end, zones
      car, 1:32, 2:00.5, porch yard   # the neighbour
      person, 6, 19
      dog, 40
      cat, 1:00:00,, porch
      bird, 5, 6,
    `;
    expect(read(text)).toEqual([
      { label: "bird", start: 5, end: 6, zones: [] },
      { label: "person", start: 6, end: 19 },
      { label: "dog", start: 40 },
      { label: "car", start: 92, end: 120.5, zones: ["porch", "yard"] },
      { label: "cat", start: 3600, zones: ["porch"] },
    ]);
  });

  test("may contain JSON lines", () => {
    expect(read('{"label": "dog", "start": 12.5, "end": "0:14", "zones": ["yard"]}')).toEqual([
      { label: "dog", start: 12.5, end: 14, zones: ["yard"] },
    ]);
  });

  test("may be the output of an earlier replay: the last state of each event counts", () => {
    const text = [
      { time: 0, topic: "sabrewing/door/person", payload: 0 },
      replayed("new", { end_time: null, entered_zones: [] }),
      replayed("update", { end_time: null, entered_zones: ["porch"] }),
      replayed("end", { end_time: 19, entered_zones: ["porch"] }),
    ]
      .map((line) => JSON.stringify(line))
      .join("\n");
    expect(read(text)).toEqual([
      { id: "6.000000-abcdef", label: "person", start: 6, end: 19, zones: ["porch"] },
    ]);
  });

  test("may be empty: no visits are expected", () => {
    expect(read("")).toEqual([]);
  });

  test("is refused with a list of all invalid lines", () => {
    const lines = [
      "person, six",
      "person",
      "dog, 5, 4",
      '{"label": "dog"}',
      '{"label": "dog", "start": 1, "sart": 2}',
      "{broken",
      "a,1,2,b,c",
      ", 4",
    ];
    expect(complaintsAbout(lines.join("\n"))).toEqual([
      'expected.txt:1: start: expected seconds or minutes:seconds, received "six"',
      'expected.txt:2: expected label, start, end, received "person"',
      "expected.txt:3: it ends (4 s) before it starts (5 s)",
      "expected.txt:4: start: expected seconds or minutes:seconds, received nothing",
      'expected.txt:5: Unrecognized key: "sart"',
      expect.stringContaining("expected.txt:6: Expected property name"),
      "expected.txt:7: expected label, start, end, zones (zones separated by spaces)",
      expect.stringContaining("expected.txt:8: label"),
    ]);
  });
});

function read(text: string) {
  return parseExpected(text, "expected.txt");
}

function complaintsAbout(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [, ...lines] = error.message.split("\n");
    return lines.map((line) => line.trim());
  }
  return [];
}

function replayed(type: string, more: object) {
  const after = { id: "6.000000-abcdef", label: "person", start_time: 6, ...more };
  return { time: 6, topic: "sabrewing/events", payload: { type, after } };
}
