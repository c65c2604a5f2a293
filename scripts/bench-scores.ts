/**
 * Prints precision and recall of the labelled objects of clips, by threshold. The figures of
 * detectors/catalog/score-filters.ts were chosen with it. `npm run -s bench:scores -- --help` explains the options.
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { Command, Option } from "commander";
import { readClip } from "../agent/camera/clip.ts";
import { showProgress } from "../agent/commands/shared/progress.ts";
import { parseSize } from "../agent/commands/shared/size-option.ts";
import { ObjectsSchema } from "../agent/config/schema.ts";
import { eventIds, seededRandom } from "../agent/events/event-id.ts";
import { watchMotion } from "../agent/motion/watch-motion.ts";
import { watchCamera } from "../agent/watch-camera.ts";
import { type Detector, openDetector } from "../detectors/detector.ts";
import { temporaryFolder } from "../tests/support/base/temporary-folder.ts";
import { alignColumns } from "./benchmark/align-columns.ts";
import { compileModule } from "./benchmark/compile-module.ts";
import { found, MODELS, type Size } from "./benchmark/contestants.ts";
import {
  bestScore,
  type JudgedObject,
  type ScoredTrack,
  type ScoreRow,
  scoreFigures,
  scoreRows,
} from "./benchmark/scores/judge-tracks.ts";
import { LABEL_SETS, type LabelSet, labelledObjects } from "./benchmark/scores/labels.ts";
import { benchCamera } from "./benchmark/tracking/pipeline.ts";
import { findMedia } from "./materials.ts";

const FPS = 5;
const SHOWN_EVERY_SECONDS = 10;
/** The default of modules that state no filters. */
const FRIGATE_THRESHOLD = 0.7;
const THRESHOLDS = [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8];

const command = new Command("bench:scores")
  .description("Prints precision and recall of the labelled objects of clips, by threshold.")
  .option("--clips <folder>", "folder with the labelled clips (default: the project's media)")
  .addOption(
    new Option("--set <name>", "labels: the filters were chosen from these; held-out: labels of other clips")
      .choices(LABEL_SETS)
      .default("labels"),
  )
  .option("--min-score <0..1>", "minimum score of a detection", Number, 0.25)
  .option("--size <WxH>", "input size of the module", parseSize, { width: 640, height: 384 })
  .option("--module <file>", "detector module (default: YOLOv5n in i16)")
  .option("--json", "print one line of JSON per row", false)
  .addHelpText(
    "after",
    `
labels.csv and held-out.csv in scripts/benchmark/scores list objects that the detector found in public clips, and whether they are
real. The clips are not part of the project; those that are missing are skipped. Standard error shows the progress: a clip takes
minutes. The last two rows compare all labels at 0.7 and at the thresholds that the module states.`,
  )
  .parse();
const { clips, set, minScore, size, module, json } = command.opts<{
  readonly clips?: string;
  readonly set: LabelSet;
  readonly minScore: number;
  readonly size: Size;
  readonly module?: string;
  readonly json: boolean;
}>();

const objects = labelledObjects(set);
const files = [...new Set(objects.map(({ clip }) => clip))].flatMap((clip) => {
  const file = clips === undefined ? findMedia(clip) : join(clips, clip);
  if (file !== undefined && existsSync(file)) return [{ clip, file }];
  console.error(`${clip} is skipped: there is no such file`);
  return [];
});
if (files.length === 0) {
  command.error("none of the labelled clips is there: name their folder with --clips");
}

using progress = showProgress("scores", process.stderr);
await using folder = await temporaryFolder();
const path = module ?? (await compiled());
// On a busy machine, a frame may take minutes: the result is the same.
const patient = { deadlineMs: 3_600_000, warmUp: false };
await using detector = await openDetector(path, { runtime: "v8", instances: 1, ...patient });

const judged: JudgedObject[] = [];
for (const { clip, file } of files) {
  const inClip = objects.filter((object) => object.clip === clip);
  const labels = [...new Set(inClip.map(({ label }) => label))];
  const lastLabelled = Math.max(...inClip.map(({ seconds }) => seconds));
  const tracks = await tracksOf(file, labels, detector, lastLabelled + 1);
  for (const object of inClip) {
    judged.push({ label: object.label, isReal: object.isReal, score: bestScore(object, tracks) });
  }
}
const byLabel = [...new Set(judged.map(({ label }) => label))].flatMap((label) => {
  return scoreRows(
    label,
    judged.filter((object) => object.label === label),
    THRESHOLDS,
  );
});
const ofModule = (label: string) => detector.model.filters?.[label]?.threshold ?? FRIGATE_THRESHOLD;
const rows = [
  ...byLabel,
  { label: "all", threshold: FRIGATE_THRESHOLD, ...scoreFigures(judged, () => FRIGATE_THRESHOLD) },
  { label: "all", threshold: undefined, ...scoreFigures(judged, ofModule) },
];
if (json) for (const row of rows) console.log(JSON.stringify(row));
else console.log(table(rows));

/** All confirmed tracks of the first `seconds` of a clip, whatever their scores. */
async function tracksOf(
  file: string,
  labels: readonly string[],
  detecting: Detector,
  seconds: number,
): Promise<readonly ScoredTrack[]> {
  const { signal } = new AbortController();
  const filters = Object.fromEntries(labels.map((label) => [label, { min_score: minScore, threshold: 0 }]));
  const camera = { ...benchCamera("person", FPS), objects: ObjectsSchema.parse({ track: labels, filters }) };
  const frames = readClip({ camera: "clip", file, fps: FPS }, { signal });
  const outcomes = watchCamera(
    watchMotion(frames, () => camera.motion, 1000 / FPS),
    camera,
    {
      detector: detecting,
      prefix: "bench",
      signal,
      newId: eventIds(seededRandom(1)),
      startMs: 0,
    },
  );
  const tracks = new Map<
    number,
    { label: string; topScore: number; boxes: ScoredTrack["boxes"][number][] }
  >();
  for await (const { timeMs, seen } of outcomes) {
    if (timeMs > seconds * 1000) break;
    const shown = Math.floor(timeMs / 1000 / SHOWN_EVERY_SECONDS) * SHOWN_EVERY_SECONDS;
    progress.update(timeMs / 1000, seconds, `${basename(file)}, second ${shown}`);
    for (const { id, label, topScore, box, confirmed, lastSeenMs } of seen?.tracks ?? []) {
      if (!confirmed || lastSeenMs !== timeMs) continue;
      const track = tracks.get(id) ?? { label, topScore, boxes: [] };
      track.topScore = topScore;
      track.boxes.push({ seconds: timeMs / 1000, box });
      tracks.set(id, track);
    }
  }
  return [...tracks.values()];
}

async function compiled(): Promise<string> {
  const file = join(folder.path, "yolov5n.wasm");
  progress.update(0, 1, "compiling the module");
  await compileModule(found(...MODELS.yolov5n.weights), file, size, { precision: "i16", target: "simd128" });
  return file;
}

function table(all: readonly ScoreRow[]): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const lines = all.map(({ label, threshold, reported, real, precision, recall }) => {
    return [
      label,
      threshold?.toFixed(2) ?? "module's",
      `${reported}`,
      `${real}`,
      percent(precision),
      percent(recall),
    ];
  });
  return alignColumns([["", "threshold", "reported", "real", "precision", "recall"], ...lines], 1);
}
