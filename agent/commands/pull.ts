import { join } from "node:path";
import { Command } from "commander";
import { KNOWN_MODELS, type KnownModel, type ModelPlaces, sabrewingHome } from "../../detectors/detector.ts";
import { describeReport, type ModuleReport, showMegabytes } from "./module-report.ts";
import { findKnown, obtainVisibly } from "./obtain-visibly.ts";
import { type ProgressStream, showProgress } from "./progress.ts";
import { type ModelSize, parseSize, showSize } from "./size-option.ts";
import { writeModule } from "./write-module.ts";

const EXAMPLES = `
Models:
${KNOWN_MODELS.map(describeKnown).join("\n")}

Examples:
  sabrewing pull yolov5n                        to $SABREWING_HOME/yolov5n-640x640.wasm
  sabrewing pull yolov5n --size 640x384 -o /var/lib/sabrewing/yolov5n.wasm
  sabrewing pull yolov5n --weights yolov5n.pt   with the file brought by hand, where the camera has no internet

Weights that are in $SABREWING_HOME (default ~/.cache/sabrewing) already are not fetched again.`;

/** What the known models were trained with. */
const DEFAULT_SIZE: ModelSize = { width: 640, height: 640 };

/** The words after `pull NAME`. */
export interface PullOptions {
  readonly output?: string;
  readonly size?: ModelSize;
  readonly weights?: string;
  readonly json: boolean;
}

/** Where a command writes and what it finds around itself. */
export interface PullSurroundings {
  readonly env: ModelPlaces["env"];
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: ProgressStream;
}

/** `sabrewing pull`: a known model from its publisher, compiled. */
export function pullCommand(): Command {
  return new Command("pull")
    .description("get a known model from its publisher (pinned SHA-256), show its licence and compile it")
    .argument("<name>", KNOWN_MODELS.map(({ name }) => name).join(", "))
    .option("-o, --output <file>", "the module to write (default: $SABREWING_HOME/<name>-<WxH>.wasm)")
    .option("--size <WxH>", "pixels of the picture it takes, multiples of 32 (default: 640x640)", parseSize)
    .option("--weights <file>", "use this file instead of looking for the weights; it must be the very same")
    .option("--json", "a JSON line", false)
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, options: PullOptions) => {
      await pullModel(findKnown(name), options, process);
    });
}

/**
 * Tells the licence, gets the weights and compiles them.
 * @throws TransientError when the publisher cannot be reached, ModelError, ConfigError.
 */
export async function pullModel(
  known: KnownModel,
  { output, size = DEFAULT_SIZE, weights, json }: PullOptions,
  { env, stdout, stderr }: PullSurroundings,
): Promise<ModuleReport> {
  const places = weights === undefined ? { env } : { env, explicitPath: weights };
  const model = await obtainVisibly(known, places, stderr);
  const out = output ?? join(sabrewingHome(env), `${known.name}-${showSize(size)}.wasm`);
  const order = { model, out, name: known.name, size, licence: known.licence.id };
  const report = await writeModule(order, showProgress("compile", stderr), () => {});
  stdout.write(`${json ? JSON.stringify(report) : describeReport(report)}\n`);
  return report;
}

function describeKnown({ name, labels, bytes, licence, accuracy }: KnownModel): string {
  const { dataset, map, map50, size } = accuracy;
  return `  ${name}   ${labels.length} labels, ${showMegabytes(bytes)}, ${licence.id}, mAP ${map.toFixed(1)} (mAP50 ${map50.toFixed(1)}) on ${dataset} at ${size}`;
}
