import type { Detection } from "../contract.ts";
import { DETECTION_BYTES } from "../module-format.ts";
import { garbage, type Reply } from "./reply.ts";

/**
 * Reads the detections of a detector's reply; boxes stay in pixels of the model input.
 * @param labels by id
 * @throws DetectorFault `garbage` with the first invalid number.
 */
export function parseDetections(
  { outputs: [rows = new Uint8Array()] }: Reply,
  labels: ReadonlyMap<number, string>,
): Detection[] {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const detections: Detection[] = [];
  for (let at = 0; at < rows.length; at += DETECTION_BYTES) detections.push(parseRow(view, at, labels));
  return detections;
}

function parseRow(view: DataView, at: number, labels: ReadonlyMap<number, string>): Detection {
  const number = (index: number): number => view.getFloat32(at + index * 4, true);
  const box = [number(0), number(1), number(2), number(3)] as const;
  const score = number(4);
  const id = number(5);
  const label = labels.get(id);
  if (!box.every(Number.isFinite))
    throw garbage(`expected finite box coordinates, received ${box.join(", ")}`);
  if (!(score >= 0 && score <= 1)) throw garbage(`expected a score from 0 to 1, received ${score}`);
  if (label === undefined) throw garbage(`expected the id of one of ${labels.size} labels, received ${id}`);
  return { label, score, box };
}
