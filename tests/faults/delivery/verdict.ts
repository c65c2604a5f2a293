import type { EventMessage } from "../../../agent/events/event.ts";
import type { FaultResult } from "../fault.ts";

/** A message about an event, in short. */
export interface Told {
  readonly id: string;
  readonly type: EventMessage["type"];
  readonly revision: number;
  readonly reason?: string | undefined;
}

export function readTold(payload: string): Told {
  const { type, after, reason } = JSON.parse(payload) as EventMessage;
  return { id: after.id, type, revision: after.revision, reason };
}

/**
 * Judges what the broker has acknowledged once the agent has left in order.
 * @param promised messages that were on disk, or said to be: they must be among them. Updates may have given way to later
 * ones.
 */
export function judgeDelivery(acknowledged: readonly string[], promised: readonly Told[]): FaultResult {
  const told = acknowledged.map(readTold);
  const seen = new Set(told.map(keyOf));
  const lost = new Set<string>();
  const broken: string[] = [];
  for (const message of promised) {
    if (message.type !== "update" && !seen.has(keyOf(message))) lost.add(message.id);
  }
  const events = Map.groupBy(told, ({ id }) => id);
  for (const [id, messages] of events) {
    const once = firstOfEach(messages);
    if (once[0]?.type !== "new" || once.at(-1)?.type !== "end") lost.add(id);
    const inOrder = once.every((message, index) => message.revision > (once[index - 1]?.revision ?? 0));
    if (!inOrder) broken.push(`${id}: out of order: ${once.map(({ revision }) => revision).join(", ")}`);
    const ends = once.filter(({ type }) => type === "end").length;
    if (ends > 1) broken.push(`${id}: ended ${ends} times`);
  }
  if (events.size === 0) broken.push("no event at all");
  return {
    lost: lost.size,
    broken,
    events: events.size,
    messages: seen.size,
    repeats: told.length - seen.size,
    crash_ends: firstOfEach(told).filter(({ reason }) => reason === "crash").length,
  };
}

/** Without repeats. */
function firstOfEach(messages: readonly Told[]): readonly Told[] {
  const seen = new Set<string>();
  return messages.filter((message) => !seen.has(keyOf(message)) && seen.add(keyOf(message)));
}

function keyOf({ id, revision }: Told): string {
  return `${id} ${revision}`;
}
