import type { EventMessage } from "../../../agent/events/event.ts";
import type { FaultResult } from "../fault.ts";

/** A short form of a message about an event. */
export interface ReportedMessage {
  readonly id: string;
  readonly type: EventMessage["type"];
  readonly revision: number;
  readonly reason?: string | undefined;
}

export function readReported(payload: string): ReportedMessage {
  const { type, after, reason } = JSON.parse(payload) as EventMessage;
  return { id: after.id, type, revision: after.revision, reason };
}

/**
 * Checks the messages that the broker acknowledged, after the agent has stopped.
 * @param promised messages that were on disk, or reported as stored: the broker must have acknowledged them, except for
 * updates that later ones replaced
 */
export function judgeDelivery(
  acknowledged: readonly string[],
  promised: readonly ReportedMessage[],
): FaultResult {
  const reported = acknowledged.map(readReported);
  const seen = new Set(reported.map(keyOf));
  const lost = new Set<string>();
  const broken: string[] = [];
  for (const message of promised) {
    if (message.type !== "update" && !seen.has(keyOf(message))) lost.add(message.id);
  }
  const events = Map.groupBy(reported, ({ id }) => id);
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
    repeats: reported.length - seen.size,
    crash_ends: firstOfEach(reported).filter(({ reason }) => reason === "crash").length,
  };
}

/** The messages without repetitions. */
function firstOfEach(messages: readonly ReportedMessage[]): readonly ReportedMessage[] {
  const seen = new Set<string>();
  return messages.filter((message) => !seen.has(keyOf(message)) && seen.add(keyOf(message)));
}

function keyOf({ id, revision }: ReportedMessage): string {
  return `${id} ${revision}`;
}
