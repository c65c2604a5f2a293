import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { ReviewSchema } from "../../../agent/config/review-schema.ts";
import type { ObjectEvent } from "../../../agent/events/event.ts";
import {
  advanceReview,
  endReview,
  type OpenReview,
  type ReviewMessage,
  severityOf,
} from "../../../agent/events/review.ts";
import { objectEvent } from "../../support/agent/object-events.ts";

const FRAME_S = 0.2;

describe("a review", () => {
  test("begins with the first active object, and ends when nothing has been active for the cut-off time", () => {
    const messages = watch([[10, 20, person("ann")]], 100);
    expect(brief(messages)).toEqual(["10 new alert ann", "60 end alert ann"]);
    const [begun, ended] = messages;
    expect(begun?.after).toEqual({
      id: "review-10",
      camera: "door",
      start_time: 10,
      end_time: null,
      severity: "alert",
      thumb_path: "",
      data: {
        detections: ["ann"],
        objects: ["person"],
        zones: [],
        sub_labels: [],
        verified_objects: [],
        audio: [],
        thumb_time: null,
        metadata: null,
      },
      frame_time: 10,
      revision: 1,
    });
    expect(begun?.before).toEqual({ ...begun?.after, revision: 0 });
    expect(ended?.before).toEqual(begun?.after);
    expect(ended).toMatchObject({
      type: "end",
      reason: "gone",
      after: { start_time: 10, end_time: 20, revision: 2 },
    });
  });

  test("continues when an object is active again before the cut-off time, and is another one after it", () => {
    const twice: Visit[] = [
      [10, 20, person("ann")],
      [55, 60, person("bob")],
    ];
    expect(brief(watch(twice, 110))).toEqual([
      "10 new alert ann",
      "55 update alert ann bob",
      "100 end alert ann bob",
    ]);
    expect(brief(watch(twice, 110, { alerts: { cutoff_time: 30 } }))).toEqual([
      "10 new alert ann",
      "50 end alert ann",
      "55 new alert bob",
      "90 end alert bob",
    ]);
  });

  test("is a detection until one of its objects makes an alert", () => {
    const messages = watch(
      [
        [10, 30, dog("rex")],
        [20, 25, person("ann")],
      ],
      100,
    );
    expect(brief(messages)).toEqual([
      "10 new detection rex",
      "20 update alert rex ann",
      "65 end alert rex ann",
    ]);
    expect(messages[1]?.after.data.objects).toEqual(["dog", "person"]);
    expect(messages[1]?.before).toEqual(messages[0]?.after);
  });

  test("of severity detection ends after its own cut-off time", () => {
    expect(brief(watch([[10, 20, dog("rex")]], 100))).toEqual([
      "10 new detection rex",
      "50 end detection rex",
    ]);
  });

  test("of severity alert ends although a dog stays active, whose activity is then a detection", () => {
    const messages = watch(
      [
        [10, 20, person("ann")],
        [35, 90, dog("rex")],
      ],
      150,
    );
    expect(brief(messages)).toEqual([
      "10 new alert ann",
      "35 update alert ann rex",
      "60 end alert ann rex",
      "60 new detection rex",
      "120 end detection rex",
    ]);
    // The detection includes what the dog did during the cut-off time.
    expect(messages[3]?.after).toMatchObject({ id: "review-35", start_time: 35 });
    expect(messages[4]?.after).toMatchObject({ start_time: 35, end_time: 90 });
  });

  test("lists zones in the order in which its objects enter them, with an update for each", () => {
    const messages = watch(
      [
        [10, 12, person("ann", { current_zones: ["street"] })],
        [12, 14, person("ann", { current_zones: ["garden", "path"] })],
        [14, 16, person("ann", { current_zones: ["street"] })],
      ],
      20,
    );
    expect(messages.map(({ type, after }) => [type, after.data.zones])).toEqual([
      ["new", ["street"]],
      ["update", ["street", "garden", "path"]],
    ]);
  });

  test("lists a label once for several objects", () => {
    const visits: Visit[] = ["ann", "bob"].map((id) => [10, 12, person(id)]);
    expect(watch(visits, 20)[0]?.after.data).toMatchObject({
      detections: ["ann", "bob"],
      objects: ["person"],
    });
  });

  test("ends at its last activity when the agent stops", () => {
    let open: OpenReview | undefined;
    watch([[10, 20, person("ann")]], 30, {}, (review) => {
      open = review;
    });
    if (open === undefined) throw new Error("an open review");
    expect(endReview(open, { reason: "shutdown" })).toMatchObject({
      type: "end",
      reason: "shutdown",
      after: { end_time: 20, revision: 2 },
    });
  });

  test("ends at its last activity when no frames came for longer than the cut-off time", () => {
    const messages = watch(
      [
        [10, 20, person("ann")],
        [500, 510, person("bob")],
      ],
      600,
      {},
      () => {},
      (time) => time < 21 || time >= 500,
    );
    expect(brief(messages).slice(1, 3)).toEqual(["500 end alert ann", "500 new alert bob"]);
    expect(messages[1]?.after.end_time).toBe(20);
  });
});

describe("no review begins", () => {
  test.each([
    ["with a false positive", person("ann", { false_positive: true })],
    ["with an object that never moved", person("ann", { position_changes: 0 })],
    ["with a parked car", person("van", { label: "car", active: false, stationary: true })],
    ["with an object that was not detected in the frame", person("ann", { frame_time: 1 })],
  ])("%s", (_, object) => {
    expect(watch([[10, 20, object]], 30)).toEqual([]);
  });

  test("with reviews disabled", () => {
    const off = { alerts: { enabled: false }, detections: { enabled: false } };
    expect(watch([[10, 20, person("ann")]], 30, off)).toEqual([]);
  });
});

test("a person who loiters keeps an alert open, although stationary", () => {
  const still = { active: false, stationary: true, pending_loitering: true };
  const visits: Visit[] = [
    [10, 20, person("ann")],
    [20, 90, person("ann", still)],
  ];
  expect(brief(watch(visits, 100))).toEqual(["10 new alert ann"]);
});

describe("the severity of an object", () => {
  const zones = { alerts: { required_zones: ["porch", "path"] }, detections: { required_zones: ["yard"] } };
  test.each([
    { label: "person", inZones: [], review: {}, severity: "alert" },
    { label: "car", inZones: [], review: {}, severity: "alert" },
    { label: "dog", inZones: [], review: {}, severity: "detection" },
    { label: "person", inZones: ["path"], review: zones, severity: "alert" },
    { label: "person", inZones: ["yard"], review: zones, severity: "detection" },
    { label: "dog", inZones: ["path"], review: zones, severity: null },
    { label: "person", inZones: ["road"], review: zones, severity: null },
    { label: "dog", inZones: [], review: { alerts: { labels: ["dog"] } }, severity: "alert" },
    { label: "person", inZones: [], review: { alerts: { labels: [] } }, severity: "detection" },
    { label: "person", inZones: [], review: { alerts: { enabled: false } }, severity: "detection" },
    { label: "dog", inZones: [], review: { detections: { labels: ["cat"] } }, severity: null },
    { label: "dog", inZones: [], review: { detections: { labels: [] } }, severity: null },
    { label: "dog", inZones: [], review: { detections: { enabled: false } }, severity: null },
  ])("$label in $inZones with $review is $severity", ({ label, inZones, review, severity }) => {
    expect(severityOf(label, inZones, ReviewSchema.parse(review))).toBe(severity);
  });
});

/** An object that is seen from one time until another, seconds. */
type Visit = readonly [from: number, to: number, object: ObjectEvent];

function person(id: string, properties: Partial<ObjectEvent> = {}): ObjectEvent {
  // 0: the time of the frame.
  return { ...objectEvent(id, 1), frame_time: 0, ...properties };
}

function dog(id: string): ObjectEvent {
  return person(id, { label: "dog" });
}

/** A message, and the second in which it was published. */
type Published = ReviewMessage & { readonly at: number };

/** The messages about visits from second 0 to `seconds`. */
function watch(
  visits: readonly Visit[],
  seconds: number,
  settings: z.input<typeof ReviewSchema> = {},
  onStep: (review: OpenReview | undefined) => void = () => {},
  hasFrame: (time: number) => boolean = () => true,
): readonly Published[] {
  const context = {
    camera: "door",
    settings: ReviewSchema.parse(settings),
    newId: (startTimeMs: number) => `review-${startTimeMs / 1000}`,
  };
  let review: OpenReview | undefined;
  const messages: Published[] = [];
  for (let frame = 0; frame * FRAME_S <= seconds; frame++) {
    const time = (frame * 200) / 1000;
    if (!hasFrame(time)) continue;
    const objects = visits
      .filter(([from, to]) => time >= from && time <= to)
      .map(([from, , object]) => ({ ...object, start_time: from, frame_time: object.frame_time || time }));
    const step = advanceReview(review, objects, time * 1000, context);
    review = step.review;
    messages.push(...step.messages.map((message) => ({ ...message, at: time })));
    onStep(review);
  }
  return messages;
}

/** A line for each message, with whole seconds. */
function brief(messages: readonly Published[]): readonly string[] {
  return messages.map(({ at, type, after }) => {
    return `${Math.floor(at)} ${type} ${after.severity} ${after.data.detections.join(" ")}`;
  });
}
