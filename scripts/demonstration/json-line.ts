import type { Message } from "./listener.ts";

/** A message as one line of JSON: the payload is what it stands for where it is JSON, else its text. */
export function jsonLine({ time, topic, payload }: Message): string {
  return JSON.stringify({ time, topic, payload: readPayload(topic, payload) });
}

function readPayload(topic: string, payload: Buffer): unknown {
  if (topic.endsWith("/snapshot")) return `${payload.length} bytes of JPEG`;
  const text = payload.toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
