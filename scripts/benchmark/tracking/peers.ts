import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ObservedEvent } from "./event-figures.ts";
import type { Observed } from "./observed.ts";
import type { ClipDetections } from "./same-detections.ts";

/** Trackers from PyPI and the packages that they need. */
export const PEERS = {
  norfair: "norfair",
  bytetrack: "trackers supervision",
} as const;
export type Peer = keyof typeof PEERS;

const SCRIPT = fileURLToPath(new URL("peers.py", import.meta.url));
const NOT_INSTALLED = 3;
const MOST_BYTES = 2 ** 28;

/**
 * Runs a tracker from PyPI on the detections of a clip. It publishes no events: its identities stand for them.
 * @param python a Python interpreter that has the tracker's packages
 * @returns a sentence if the interpreter or a package is missing
 */
export function trackWithPeer(
  peer: Peer,
  { frames }: ClipDetections,
  fps: number,
  python: string,
): Observed | string {
  const request = {
    fps,
    frames: frames.map(({ detections }) => detections.map(({ box, score }) => [...box, score])),
  };
  const { status, stdout, stderr, error } = spawnSync(python, [SCRIPT, peer], {
    input: JSON.stringify(request),
    encoding: "utf8",
    maxBuffer: MOST_BYTES,
  });
  if (error !== undefined || status === NOT_INSTALLED) {
    const reason = error?.message ?? stderr.trim();
    return `${peer} is skipped (${reason}): python3 -m venv VENV && VENV/bin/pip install ${PEERS[peer]}, then --python VENV/bin/python`;
  }
  if (status !== 0) throw new Error(`${peer} failed: ${stderr}`);
  const reply = JSON.parse(stdout) as readonly (readonly (readonly [
    number,
    number,
    number,
    number,
    number,
  ])[])[];
  const observed = reply.map((objects, index) => ({
    seconds: (frames[index]?.timeMs ?? 0) / 1000,
    reported: objects.map(([id, ...box]) => ({ id: `${id}`, box })),
    count: objects.length,
  }));
  const events = new Map<string, ObservedEvent>();
  for (const { seconds, reported } of observed) {
    for (const { id } of reported) {
      if (!events.has(id)) events.set(id, { id, newSeconds: seconds, endSeconds: undefined });
    }
  }
  return { frames: observed, events: [...events.values()] };
}
