import { describe, expect, test } from "vitest";
import { eventChanges, withNewest } from "../../../../agent/view/page/history-changes.ts";
import type { PastEventSummary } from "../../../../agent/view/page/history-protocol.ts";
import type { EventSummary } from "../../../../agent/view/page/protocol.ts";

const EVENT: EventSummary = {
  ...{ type: "event", id: "1-a", camera: "door", label: "person", topScore: 0.8, startMs: 0, endMs: null },
  ...{ zones: [], still: false, snapshots: 0 },
};

test("an event changes the history when it begins, enters a zone and ends, not with every message", () => {
  const { isNew } = eventChanges();
  const messages = [
    EVENT,
    { ...EVENT, snapshots: 1, topScore: 0.9 },
    { ...EVENT, zones: ["porch"] },
    { ...EVENT, zones: ["porch"], still: true },
    { ...EVENT, zones: ["porch"], endMs: 9 },
    { ...EVENT, id: "2-b" },
  ];
  expect(messages.map(isNew)).toEqual([true, false, true, false, true, true]);
});

describe("the newest page of a day", () => {
  const event = (id: string, reason: string | null = "gone"): PastEventSummary => ({
    ...{ id, camera: "door", label: "person", startMs: 0, endMs: 1, reason, score: 1, zones: [] },
    ...{ width: 640, height: 480, box: [0, 0, 1, 1], hasPicture: false, path: [] },
  });
  const known = { events: [event("3", null), event("2"), event("1")], next: 7 };
  const ids = ({ events }: { readonly events: readonly PastEventSummary[] }) => events.map(({ id }) => id);

  test("is put before the older events, and replaces those that changed", () => {
    const merged = withNewest(known, { events: [event("4"), event("3"), event("2")], next: 5 });
    expect(ids(merged)).toEqual(["4", "3", "2", "1"]);
    expect(merged.events[1]?.reason).toBe("gone");
    expect(merged.next).toBe(7);
  });

  test("replaces everything if it is the only one, or if events are missing in between", () => {
    expect(ids(withNewest(known, { events: [event("4")], next: null }))).toEqual(["4"]);
    const later = withNewest(known, { events: [event("9"), event("8")], next: 8 });
    expect([...ids(later), later.next]).toEqual(["9", "8", 8]);
  });
});
