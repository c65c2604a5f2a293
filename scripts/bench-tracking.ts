/**
 * Compares the objects that the agent reports in a clip with the truth, beside two trackers from PyPI.
 * `npm run -s bench:tracking -- --help` explains rows and columns.
 */
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { probeClip } from "../agent/camera/clip.ts";
import { parseSize } from "../agent/commands/shared/size-option.ts";
import { openDetector } from "../detectors/detector.ts";
import { temporaryFolder } from "../tests/support/base/temporary-folder.ts";
import { compileModule } from "./benchmark/compile-module.ts";
import { found, MODELS, type Size } from "./benchmark/contestants.ts";
import type { Observed } from "./benchmark/tracking/observed.ts";
import { PEERS, type Peer, trackWithPeer } from "./benchmark/tracking/peers.ts";
import { benchCamera, watchClip } from "./benchmark/tracking/pipeline.ts";
import { compareWithTruth, type Row, trackingTable } from "./benchmark/tracking/row.ts";
import { detectClip, trackDetections } from "./benchmark/tracking/same-detections.ts";
import { readTruth } from "./benchmark/tracking/truth.ts";

interface Options {
  readonly fps: number;
  readonly label: string;
  readonly size: Size;
  readonly module?: string;
  readonly python: string;
  readonly json: boolean;
}

const EXPLANATION = `
TRUTH.csv has the columns frame, person, x1, y1, x2, y2 and, if some boxes do not count, valid (1 or 0). Frame 1 is the
clip's first frame, person is any identifier, and boxes are in pixels of the clip.

Rows:
  agent               the whole pipeline: motion gate, regions, detector, tracker, events
  agent's tracker     the tracker alone, on the detections of whole frames
  norfair, bytetrack  trackers from PyPI, on the same detections

Columns:
  MOTA, IDF1, switches, fragments   CLEAR MOT and identity F1 at an IoU of 0.5; hidden objects count as missed
  events, per object                events (for the peers: identities), and how many of them each object was part of
  new after, end after              medians, from an object's first true box to new, from its last one to end
  count exact, of all, count error  frames whose published count equals the valid true boxes, or all true boxes; mean error

The peers need a Python environment:
  python3 -m venv VENV && VENV/bin/pip install norfair trackers supervision

Examples:
  npm run -s bench:tracking -- street.mp4 street-truth.csv --python VENV/bin/python
  npm run -s bench:tracking -- yard.mp4 yard.csv --label car --module yolov5n.wasm --json`;

const program = new Command("bench:tracking")
  .description("Compares the objects that the agent reports in a clip with the truth.")
  .argument("<clip>", "clip to watch")
  .argument("<truth>", "table of the true boxes")
  .option("--fps <n>", "frames analysed per second", rate, 5)
  .option("--label <name>", "label of the objects", "person")
  .option("--size <WxH>", "input size of the module", parseSize, { width: 640, height: 640 })
  .option("--module <file>", "detector module (default: YOLOv5n in i16)")
  .option("--python <file>", "Python interpreter that has the peers", "python3")
  .option("--json", "print one line of JSON per row", false)
  .addHelpText("after", EXPLANATION)
  .parse();
const [clip = "", truthFile = ""] = program.args;
const { fps, label, size, module, python, json } = program.opts<Options>();

const truth = readTruth(truthFile);
const { signal } = new AbortController();
const { fps: clipFps = fps } = await probeClip(clip, { signal });
await using folder = await temporaryFolder();
const path = module ?? (await compiled());
// On a busy machine, a frame may take minutes: the result is the same.
const patient = { deadlineMs: 3_600_000, warmUp: false };
await using detector = await openDetector(path, { runtime: "v8", instances: 1, ...patient });

const rows: Row[] = [];
add("agent", await watchClip(clip, label, fps, detector, signal));
const detections = await detectClip(clip, label, fps, detector, signal);
add("agent's tracker", trackDetections(detections, benchCamera(label, fps), detector.model.filters));
for (const peer of Object.keys(PEERS) as Peer[]) {
  const observed = trackWithPeer(peer, detections, fps, python);
  if (typeof observed === "string") console.error(observed);
  else add(peer, observed);
}
if (!json) console.log(trackingTable(rows));

function add(name: string, observed: Observed): void {
  const row = compareWithTruth(name, observed, truth, { clip: clipFps, analysed: fps });
  rows.push(row);
  if (json) console.log(JSON.stringify(row));
}

async function compiled(): Promise<string> {
  const file = join(folder.path, "yolov5n.wasm");
  await compileModule(found(...MODELS.yolov5n.weights), file, size, { precision: "i16", target: "simd128" });
  return file;
}

function rate(text: string): number {
  const number = Number(text);
  if (number >= 0.1 && number <= 60) return number;
  throw new InvalidArgumentError(`Expected a number from 0.1 to 60, received "${text}".`);
}
