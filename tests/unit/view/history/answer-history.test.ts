import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { StoreError } from "../../../../agent/state/message-store.ts";
import { answerHistory, type HistoryQueries } from "../../../../agent/view/history/answer-history.ts";
import type { ShownEvent } from "../../../../agent/view/history/open-history.ts";
import { NO_HISTORY } from "../../../support/agent/no-history.ts";
import { pastEvent, START_MS } from "../../../support/history/past-events.ts";

const HOUR_MS = 3_600_000;
const EVENT: ShownEvent = {
  ...pastEvent(1, {
    zones: ["porch"],
    box: [900, 100, 1000, 900],
    outlines: [{ name: "porch", corners: [] }],
  }),
  hasPicture: true,
};

/** A history that records what it is asked. */
function recordingHistory(): { readonly history: HistoryQueries; readonly asked: unknown[] } {
  const asked: unknown[] = [];
  return {
    asked,
    history: {
      async list(query) {
        asked.push(query);
        return { events: [EVENT], next: 77 };
      },
      find: async (id) => (id === EVENT.id ? EVENT : undefined),
      async count(periods) {
        asked.push(periods);
        return periods.map(() => []);
      },
      async countSteps(query) {
        asked.push(query);
        return [{ camera: "door", step: 3, events: 2 }];
      },
      async picture(id) {
        if (id !== EVENT.id) return undefined;
        const background = { r: 200, g: 60, b: 60 };
        return sharp({ create: { width: 640, height: 360, channels: 3, background } })
          .jpeg()
          .toBuffer();
      },
    },
  };
}

async function ask(path: string, history: HistoryQueries = recordingHistory().history) {
  const reply = await answerHistory(new URL(path, "http://any/"), history);
  return { status: reply?.status, body: reply?.body };
}

async function json(path: string, history?: HistoryQueries): Promise<unknown> {
  return JSON.parse(String((await ask(path, history)).body));
}

describe("requests about past events", () => {
  test("list events of a period with all filters, in short form", async () => {
    const { history, asked } = recordingHistory();
    const query = `from=${START_MS}&to=${START_MS + HOUR_MS}&camera=door&label=person&zone=porch&limit=7&before=9`;
    const reply = await json(`/history/events?${query}`, history);
    expect(asked).toEqual([
      {
        ...{ fromMs: START_MS, toMs: START_MS + HOUR_MS, limit: 7, before: 9 },
        ...{ camera: "door", label: "person", zone: "porch" },
      },
    ]);
    expect(reply).toMatchObject({ next: 77, events: [{ id: EVENT.id, zones: ["porch"], hasPicture: true }] });
    const [event] = Object(reply).events;
    expect(event.path).toHaveLength(12);
    expect([event.path[0], event.path.at(-1)]).toEqual([
      [45, 420],
      [900, 420],
    ]);
    expect(event).not.toHaveProperty("track");
    expect(event).not.toHaveProperty("pictureBytes");
  });

  test("count events by day and by step", async () => {
    const { history, asked } = recordingHistory();
    expect(await json("/history/days?edges=10,20,35", history)).toEqual({ days: [[], []] });
    const step = 900_000;
    expect(await json(`/history/steps?from=0&to=${24 * HOUR_MS}&step=${step}&zone=porch`, history)).toEqual({
      steps: [{ camera: "door", step: 3, events: 2 }],
    });
    expect(asked).toEqual([
      [
        { fromMs: 10, toMs: 20 },
        { fromMs: 20, toMs: 35 },
      ],
      { fromMs: 0, toMs: 24 * HOUR_MS, stepMs: step, zone: "porch" },
    ]);
  });

  test("show one event whole, with its picture and the object in it", async () => {
    const details = await json(`/history/events/${EVENT.id}`);
    expect(details).toMatchObject({ track: EVENT.track, outlines: EVENT.outlines });
    const { body } = await ask(`/history/events/${EVENT.id}.jpg`);
    expect(await sharp(body).metadata()).toMatchObject({ width: 640, height: 360 });
    const small = await ask(`/history/events/${EVENT.id}-small.jpg`);
    const { width = 0, height = 0 } = await sharp(small.body).metadata();
    expect(width / height).toBeCloseTo(4 / 3, 1);
    expect(width).toBeLessThan(640);
  });

  test.each([
    ["/history/events/1700000000.000000-zzzzzz", 404],
    ["/history/events/1700000000.000000-zzzzzz.jpg", 404],
    ["/history/events/1700000000.000000-zzzzzz-small.jpg", 404],
    ["/history/events", 400],
    ["/history/events?from=0&to=-1", 400],
    ["/history/events?from=0&to=1e16", 400],
    ["/history/events?from=0&to=5&limit=100000", 400],
    ["/history/events?from=zero&to=5", 400],
    ["/history/days", 400],
    ["/history/days?edges=1", 400],
    [`/history/days?edges=${Array.from({ length: 401 }, (_, day) => day).join(",")}`, 400],
    ["/history/steps?from=0&to=9000000000000&step=60000", 400],
    ["/history/steps?from=0&to=10&step=1", 400],
    ["/history/events/..%2f..%2fsecrets.jpg", undefined],
    ["/history/other", undefined],
  ])("are refused if they are wrong: %s", async (path, status) => {
    const { history, asked } = recordingHistory();
    expect((await ask(path, history)).status).toBe(status);
    expect(asked).toEqual([]);
  });

  test("name the wrong parameter", async () => {
    const { body } = await ask("/history/events?from=0&to=tomorrow");
    expect(String(body)).toContain("to");
  });

  test("report that the disk fails", async () => {
    const list = () => Promise.reject(new StoreError("unusable", "the disk is full"));
    const reply = await ask("/history/events?from=0&to=1", { ...NO_HISTORY, list });
    expect(reply).toEqual({
      status: 503,
      body: "The event history cannot be read; see the agent's log.\n",
    });
  });
});
