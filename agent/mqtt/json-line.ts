import { plainJson } from "../base/plain-text.ts";
import type { Message } from "./message.ts";

/**
 * A message as one line of JSON for scripts: `{time, topic, payload}`. The payload is what it stands for where it is
 * JSON, else its text; a picture is base64.
 * @param timeMs when it was said; the line gives seconds.
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
