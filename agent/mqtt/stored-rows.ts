import { z } from "zod";
import type { StoredMessage, StoredRow } from "../state/message-store.ts";

/** The content of the rows of a store. */
export interface ReadRows {
  /** In ascending order of sequence. */
  readonly messages: readonly StoredMessage[];
  readonly damaged: readonly DamagedRow[];
  /** Whether damaged sequences or times of messages were replaced. */
  readonly isRepaired: boolean;
}

/** A row whose message cannot be sent. */
export interface DamagedRow {
  readonly sequence: bigint;
  /** The defect: `its topic is empty`. */
  readonly problem: string;
}

/** An event takes two or three kilobytes. */
const LONGEST_PAYLOAD_BYTES = 1_000_000;
/** MQTT 3.1.1, section 1.5.3. */
const LONGEST_TOPIC_BYTES = 65_535;
/** No agent runs long enough to count from here to the end of the number range. */
const HIGHEST_SEQUENCE = 2n ** 50n;
/** About thirty thousand years. */
const LATEST_MS = 1e15;

const common = {
  id: z.string().min(1),
  camera: z.string().min(1),
  frame_time: z.number(),
  revision: z.int().min(0),
};

/** The fields that consumers and the `end` after a crash depend on: of an object, or of a review. */
const StoredEventSchema = z.looseObject({
  type: z.enum(["new", "update", "end"]),
  after: z.union([
    z.looseObject({ ...common, label: z.string().min(1) }),
    z.looseObject({
      ...common,
      severity: z.enum(["alert", "detection"]),
      data: z.looseObject({ detections: z.array(z.string()) }),
    }),
  ]),
});

/**
 * Validates the rows of a store. A row whose topic or payload cannot be sent as an event is damaged. A damaged sequence or
 * time does not lose the event: a message with a damaged sequence is appended after the others, and if the times contradict
 * each other all messages count as new.
 * @param rows in ascending order of sequence
 * @param longestMs the age at which messages are dropped, milliseconds: no two messages are further apart
 */
export function readRows(rows: readonly StoredRow[], longestMs: number): ReadRows {
  const damaged = rows.flatMap(({ sequence, topic, payload }) => {
    const problem = topicProblem(topic) ?? payloadProblem(payload);
    return problem === undefined ? [] : [{ sequence, problem }];
  });
  const isDamaged = new Set(damaged.map(({ sequence }) => sequence));
  const sound = rows.filter(({ sequence }) => !isDamaged.has(sequence));
  const numbered = sound.filter(hasSequence);
  const misnumbered = sound.filter((row) => !hasSequence(row));
  const ordered = [...numbered, ...misnumbered];
  const highest = Number(numbered.at(-1)?.sequence ?? 0n);
  const timesMs = ordered.map(({ addedMs }) => Number(addedMs));
  const areTimesSound = timesMs.every((ms, index) => isPlausible(ms, timesMs[index - 1], longestMs));
  return {
    messages: ordered.map(({ sequence, topic, payload, delivered }, index) => ({
      sequence: index < numbered.length ? Number(sequence) : highest + 1 + index - numbered.length,
      topic: String(topic),
      payload: String(payload),
      delivered: delivered === 1n,
      addedMs: areTimesSound ? (timesMs[index] ?? 0) : 0,
    })),
    damaged,
    isRepaired: misnumbered.length > 0 || !areTimesSound,
  };
}

/** The reason why a value is not a valid topic name (MQTT 3.1.1, sections 1.5.3 and 4.7); undefined if it is valid. */
function topicProblem(topic: unknown): string | undefined {
  if (typeof topic !== "string") return `its topic is not a string, but ${typeof topic}`;
  if (topic === "") return "its topic is empty";
  const bytes = Buffer.byteLength(topic);
  if (bytes > LONGEST_TOPIC_BYTES) return `its topic has ${bytes} bytes; MQTT allows ${LONGEST_TOPIC_BYTES}`;
  if (/[#+]/.test(topic)) return "its topic contains a wildcard (# or +)";
  return /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(topic)
    ? "its topic contains a character that MQTT does not allow"
    : undefined;
}

function payloadProblem(payload: unknown): string | undefined {
  if (typeof payload !== "string") return `its payload is not a string, but ${typeof payload}`;
  const bytes = Buffer.byteLength(payload);
  if (bytes > LONGEST_PAYLOAD_BYTES) return `its payload has ${bytes} bytes`;
  try {
    return StoredEventSchema.safeParse(JSON.parse(payload)).success
      ? undefined
      : "its payload is not an event";
  } catch {
    return "its payload is not JSON";
  }
}

function hasSequence({ sequence }: StoredRow): boolean {
  return sequence > 0n && sequence <= HIGHEST_SEQUENCE;
}

function isPlausible(ms: number, previousMs: number | undefined, longestMs: number): boolean {
  if (!(ms >= 0 && ms <= LATEST_MS)) return false;
  return previousMs === undefined || (ms >= previousMs && ms - previousMs <= longestMs);
}
