import type { Tensor } from "../../../detectors/detector.ts";
import { plainText } from "../../base/plain-text.ts";
import type { ScoredLabel, TaskAnswer } from "./answers.ts";

/** Labels that are listed, best first. */
const LISTED_LABELS = 5;
/** Numbers of a tensor that are listed. */
const LISTED_NUMBERS = 8;

/** The answer for people, indented, a line per object, label or output. */
export function showAnswer(answer: TaskAnswer, outputs: readonly Tensor[]): string {
  return linesOf(answer, outputs)
    .map((line) => `  ${line}`)
    .join("\n");
}

function linesOf(answer: TaskAnswer, outputs: readonly Tensor[]): readonly string[] {
  const { detections, classes, sounds, embedding, anomaly } = answer;
  if (detections !== undefined) {
    const lines = detections.map(({ label, score, box }) => {
      const [x1, y1, x2, y2] = box.map(Math.round);
      return `${label.padEnd(14)} ${score.toFixed(2)}   ${x1},${y1} to ${x2},${y2}`;
    });
    return lines.length > 0 ? lines : ["nothing"];
  }
  const labelled = classes ?? sounds;
  if (labelled !== undefined) return labelLines(labelled);
  if (embedding !== undefined) {
    const norm = Math.hypot(...embedding);
    return [`${embedding.length} numbers, length ${shown(norm)}: ${firstOf(embedding)}`];
  }
  if (anomaly !== undefined) {
    const { score, map } = anomaly;
    const highest = map.reduce(
      (most, row) => row.reduce((a, b) => Math.max(a, b), most),
      Number.NEGATIVE_INFINITY,
    );
    return [
      `score ${shown(score)}`,
      `heat map ${map[0]?.length ?? 0}×${map.length}, highest ${shown(highest)}`,
    ];
  }
  return outputs.map(tensorLine);
}

function labelLines(labelled: readonly ScoredLabel[]): readonly string[] {
  const best = labelled.slice(0, LISTED_LABELS);
  const width = Math.max(...best.map(({ label }) => label.length));
  return best.map(({ label, score }) => `${label.padEnd(width)}  ${score.toFixed(4)}`);
}

/** `logits: f32 [1, 10], -2.5 to 3: 0.1, 0.2, …` */
function tensorLine({ name, dtype, shape, data }: Tensor): string {
  const head = `${plainText(name)}: ${dtype} [${shape.join(", ")}]`;
  if (data.length === 0) return head;
  let [low = 0] = data;
  let high = low;
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return `${head}, ${shown(low)} to ${shown(high)}: ${firstOf(data)}`;
}

function firstOf(numbers: ArrayLike<number>): string {
  const first = Array.from({ length: Math.min(numbers.length, LISTED_NUMBERS) }, (_, index) =>
    shown(numbers[index] ?? 0),
  );
  return `${first.join(", ")}${numbers.length > LISTED_NUMBERS ? ", …" : ""}`;
}

function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
