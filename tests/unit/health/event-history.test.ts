import { expect, test } from "vitest";
import { recordEvents } from "../../../agent/health/event-history.ts";
import { objectEvent } from "../../support/object-events.ts";

test("of each object what was told last, the newest first, as many as asked for; every object counts once", () => {
  const events = recordEvents(2);
  const tell = (type: "new" | "update" | "end", id: string, label: string, score: number) => {
    const after = { ...objectEvent(id, 1), camera: "door", label, top_score: score };
    events.record({ type, before: after, after });
  };
  tell("new", "a", "person", 0.7);
  tell("new", "b", "person", 0.8);
  tell("update", "a", "person", 0.9);
  tell("new", "c", "dog", 0.6);
  expect(events.latest()).toMatchObject([
    { type: "new", id: "c", score: 0.6 },
    { type: "update", id: "a", score: 0.9 },
  ]);
  expect(events.seen()).toEqual([
    { camera: "door", label: "person", objects: 2 },
    { camera: "door", label: "dog", objects: 1 },
  ]);
});
