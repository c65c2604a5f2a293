import { expect, test } from "vitest";
import { recordEvents } from "../../../agent/health/event-history.ts";
import { objectEvent } from "../../support/agent/object-events.ts";

test("lists the last event of each object, newest first, up to the limit, and counts every object once", () => {
  const events = recordEvents(2);
  const record = (type: "new" | "update" | "end", id: string, label: string, score: number) => {
    const after = { ...objectEvent(id, 1), camera: "door", label, top_score: score };
    events.record({ type, before: after, after });
  };
  record("new", "a", "person", 0.7);
  record("new", "b", "person", 0.8);
  record("update", "a", "person", 0.9);
  record("new", "c", "dog", 0.6);
  expect(events.latest()).toMatchObject([
    { type: "new", id: "c", score: 0.6 },
    { type: "update", id: "a", score: 0.9 },
  ]);
  expect(events.seen()).toEqual([
    { camera: "door", label: "person", objects: 2 },
    { camera: "door", label: "dog", objects: 1 },
  ]);
});
