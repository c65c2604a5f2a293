import type { Day } from "./history-days.ts";
import type { DaysReply, EventsReply, PastEventDetails, StepsReply } from "./history-protocol.ts";

/** Which events are shown; undefined: all. */
export interface HistoryFilter {
  readonly camera?: string | undefined;
  readonly label?: string | undefined;
  readonly zone?: string | undefined;
}

type Parameters = Readonly<Record<string, string | number | undefined>>;

const PER_PAGE = 60;

/** The numbers of events on each day. Requests reject with a message for the user. */
export function requestDays(days: readonly Day[]): Promise<DaysReply> {
  const edges = [...days.map(({ fromMs }) => fromMs), days.at(-1)?.toMs];
  return request("days", { edges: edges.join(",") });
}

export function requestSteps(day: Day, step: number, filter: HistoryFilter): Promise<StepsReply> {
  return request("steps", { from: day.fromMs, to: day.toMs, step, ...filter });
}

/** A page of events, newest first. @param before the `next` of the page before */
export function requestEvents(day: Day, filter: HistoryFilter, before?: number): Promise<EventsReply> {
  return request("events", { from: day.fromMs, to: day.toMs, limit: PER_PAGE, before, ...filter });
}

export function requestEvent(id: string): Promise<PastEventDetails> {
  return request(`events/${id}`, {});
}

/** The address of an event's picture. */
export function pictureAddress(id: string, size: "small" | "full"): string {
  return `history/events/${id}${size === "small" ? "-small" : ""}.jpg`;
}

async function request<Reply>(path: string, parameters: Parameters): Promise<Reply> {
  const address = new URL(`history/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) address.searchParams.set(name, String(value));
  }
  const reply = await fetch(address).catch(() => {
    throw new Error("The agent does not answer. Check that it runs, then try again.");
  });
  if (reply.status === 401) throw new Error("You are signed out. Reload the page and enter the token.");
  if (!reply.ok) throw new Error(await reply.text());
  return reply.json();
}
