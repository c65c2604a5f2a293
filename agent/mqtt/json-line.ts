import { plainJson } from "../base/plain-text.ts";
import type { Message } from "./message.ts";

/**
 * Formats a message as one line of JSON for scripts: `{time, topic, payload}`. A JSON payload is inserted as its value,
 * any other text as a string, a snapshot as base64.
 * @param timeMs the time of the message, Unix milliseconds; the line contains seconds.
 */
export function jsonLine(timeMs: number, { topic, payload }: Message): string {
  return plainJson({ time: timeMs / 1000, topic, payload: readPayload(payload) });
}

function readPayload(payload: string | Uint8Array): unknown {
  if (typeof payload !== "string") return Buffer.from(payload).toString("base64");
  try {
    return JSON.parse(payload);
  } catch {
    return payload;
  }
}
