import sharp from "sharp";
import { z } from "zod";
import { enlarged } from "../../base/box.ts";
import { StoreError } from "../../state/message-store.ts";
import { jpegReply, jsonReply, type Reply, textReply } from "../live/reply.ts";
import type {
  DaysReply,
  EventsReply,
  PastEventDetails,
  PastEventSummary,
  StepsReply,
} from "../page/history-protocol.ts";
import type { History, ShownEvent } from "./open-history.ts";

/** The part of the history that answers requests. */
export type HistoryQueries = Pick<History, "list" | "find" | "count" | "countSteps" | "picture">;

/** The beginnings of the days of a year, and more. */
const MOST_EDGES = 400;
const MOST_PER_PAGE = 200;
const SHORTEST_STEP_MS = 60_000;
/** Of one request: a day in steps of a minute. */
const MOST_STEPS = 1_500;
/** The year 2255: later times are not exact as keys of the store. */
const LATEST_MS = 9e12;
/** Points of a track in a list: enough for a small drawing. */
const PATH_POINTS = 12;
/** Longest side of a small picture, pixels: twice its size in the list. */
const SMALL_PX = 480;
/** Relative to the object's size: the surroundings show where it is. */
const MARGIN = 1;

const Milliseconds = z.coerce.number().int().min(0).max(LATEST_MS);
const Name = z.string().min(1).max(500).optional();
const Period = z.object({ from: Milliseconds, to: Milliseconds, camera: Name, label: Name, zone: Name });
const Days = z.object({
  edges: z.preprocess((text) => String(text).split(","), z.array(Milliseconds).min(2).max(MOST_EDGES)),
});
const Steps = Period.extend({ step: z.coerce.number().int().min(SHORTEST_STEP_MS) }).refine(
  ({ from, to, step }) => to - from <= MOST_STEPS * step,
  { path: ["step"], error: `at most ${MOST_STEPS} steps` },
);
const Events = Period.extend({
  limit: z.coerce.number().int().min(1).max(MOST_PER_PAGE).default(50),
  before: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
});

/** Answers a request below `/history/` from a signed-in browser; undefined if the path is not known. */
export async function answerHistory(url: URL, history: HistoryQueries): Promise<Reply | undefined> {
  try {
    return await replyTo(url.pathname, Object.fromEntries(url.searchParams), history);
  } catch (error) {
    if (error instanceof z.ZodError) {
      return textReply(400, `Bad request. ${z.prettifyError(error)}`);
    }
    if (error instanceof StoreError) {
      return textReply(503, "The event history cannot be read; see the agent's log.");
    }
    throw error;
  }
}

async function replyTo(
  path: string,
  parameters: Readonly<Record<string, string>>,
  history: HistoryQueries,
): Promise<Reply | undefined> {
  switch (path) {
    case "/history/days": {
      const { edges } = Days.parse(parameters);
      const periods = edges.slice(1).map((toMs, index) => ({ fromMs: edges[index] ?? toMs, toMs }));
      return jsonReply({ days: await history.count(periods) } satisfies DaysReply);
    }
    case "/history/steps": {
      const { from, to, step, ...filter } = Steps.parse(parameters);
      const steps = await history.countSteps({ fromMs: from, toMs: to, stepMs: step, ...filter });
      return jsonReply({ steps } satisfies StepsReply);
    }
    case "/history/events": {
      const { from, to, ...query } = Events.parse(parameters);
      const { events, next = null } = await history.list({ fromMs: from, toMs: to, ...query });
      return jsonReply({ events: events.map(summaryOf), next } satisfies EventsReply);
    }
  }
  const [, id, small, jpg] = /^\/history\/events\/([0-9.]+-[a-z0-9]+)(-small)?(\.jpg)?$/.exec(path) ?? [];
  if (id === undefined) return undefined;
  if (jpg !== undefined && small === undefined) return jpegReply(await history.picture(id), 404);
  const event = await history.find(id);
  if (event === undefined) return textReply(404, "No such event.");
  if (jpg !== undefined) return jpegReply(await smallPicture(event, await history.picture(id)), 404);
  return jsonReply(detailsOf(event));
}

function summaryOf(event: ShownEvent): PastEventSummary {
  const { id, camera, label, startMs, endMs, reason, score, zones, width, height, box, track } = event;
  return {
    ...{ id, camera, label, startMs, endMs, reason, score, zones, width, height, box },
    hasPicture: event.hasPicture,
    path: thinned(track, PATH_POINTS).map(([, x1, , x2, y2]) => [Math.round((x1 + x2) / 2), y2] as const),
  };
}

function detailsOf(event: ShownEvent): PastEventDetails {
  return { ...summaryOf(event), track: event.track, outlines: event.outlines };
}

/** At most `most` items, evenly spaced, with the first and the last. */
function thinned<Item>(items: readonly Item[], most: number): readonly Item[] {
  if (items.length <= most) return items;
  const every = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => items[Math.round(index * every)]).filter(
    (item) => item !== undefined,
  );
}

/** The object in its picture, with its surroundings, in the shape of 4:3. */
async function smallPicture(
  { box }: ShownEvent,
  jpeg: Uint8Array | undefined,
): Promise<Uint8Array | undefined> {
  if (jpeg === undefined) return undefined;
  const image = sharp(jpeg);
  const { width, height } = await image.metadata();
  const [x1, y1, x2, y2] = enlarged(box, MARGIN);
  const centre = [((x1 + x2) / 2000) * width, ((y1 + y2) / 2000) * height] as const;
  const wanted = Math.max(((x2 - x1) / 1000) * width, (((y2 - y1) / 1000) * height * 4) / 3, SMALL_PX / 2);
  const cropWidth = Math.max(1, Math.floor(Math.min(wanted, width, (height * 4) / 3)));
  const cropHeight = Math.max(1, Math.floor((cropWidth * 3) / 4));
  return image
    .extract({
      left: Math.round(Math.min(Math.max(0, centre[0] - cropWidth / 2), width - cropWidth)),
      top: Math.round(Math.min(Math.max(0, centre[1] - cropHeight / 2), height - cropHeight)),
      width: cropWidth,
      height: cropHeight,
    })
    .resize({ width: SMALL_PX, withoutEnlargement: true })
    .jpeg()
    .toBuffer();
}
