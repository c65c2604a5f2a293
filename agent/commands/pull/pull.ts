import { join } from "node:path";
import { Command } from "commander";
import {
  fastestTarget,
  KNOWN_MODELS,
  type KnownModel,
  type ModelPlaces,
  sabrewingHome,
} from "../../../detectors/detector.ts";
import { UsageError } from "../../base/errors.ts";
import { plainJson, printed } from "../../base/plain-text.ts";
import { parseRelease, writeModule } from "../compile/write-module.ts";
import { writeVariants } from "../compile/write-variants.ts";
import { describeReport, type ModuleReport } from "../shared/module-report.ts";
import { type ProgressStream, showProgress } from "../shared/progress.ts";
import { type ModelSize, parseSize, SIZE_RANGE, showSize } from "../shared/size-option.ts";
import { lookForModels, modelLine, modelTable } from "./list-models.ts";
import { findKnown, obtainVisibly } from "./obtain-model.ts";

const EXAMPLES = `
Examples:
  sabrewing pull                                what there is, under which licence, and whether it is here
  sabrewing pull yolov5n                        to $SABREWING_HOME/yolov5n-640x640.wasm
  sabrewing pull yolov5n --size 640x384 -o /var/lib/sabrewing/yolov5n.wasm
  sabrewing pull yolov5n --variants             every variant side by side; the agent takes the best its engine runs
  sabrewing pull yolov5n --weights yolov5n.pt   with the file brought by hand, where the camera has no internet
  sabrewing pull mobilenet                      permissive weights, from the npm registry by npm

Weights that are in $SABREWING_HOME (default ~/.cache/sabrewing) already are not fetched again; a download that broke off
goes on where it stopped. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured; npm goes by its own settings.`;

/** The words after `pull NAME`. */
export interface PullOptions {
  readonly output?: string;
  readonly size?: ModelSize;
  readonly weights?: string;
  readonly variants?: boolean;
  readonly portable?: boolean;
  readonly release?: number;
  readonly json: boolean;
}

/** Where a command writes and what it finds around itself. */
export interface PullSurroundings {
  readonly env: ModelPlaces["env"];
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: ProgressStream;
}

/** `sabrewing pull`: a known model from its publisher, compiled; without a name the list of them. */
export function pullCommand(): Command {
  return new Command("pull")
    .description(
      "get a known model from its publisher (pinned SHA-256), show its licence and compile it; without a name: list them",
    )
    .argument("[name]", KNOWN_MODELS.map(({ name }) => name).join(", "))
    .option("-o, --output <file>", "the module to write (default: $SABREWING_HOME/<name>-<WxH>.wasm)")
    .option(
      "--size <WxH>",
      `width and height of the input in pixels, ${SIZE_RANGE} (default: what it was trained with)`,
      parseSize,
    )
    .option("--weights <file>", "use this file instead of looking for the weights; it must be the very same")
    .option("--variants", "write every variant side by side; the output names the set")
    .option("--portable", "for any engine, also one that lacks what this machine's has; slower")
    .option(
      "--release <n>",
      "number written into the module, higher for each new version (see sabrewing compile --help)",
      parseRelease,
    )
    .option("--json", "a JSON line; in the list one per model", false)
    .addHelpText("after", EXAMPLES)
    .action(async (name: string | undefined, options: PullOptions) => {
      if (name === undefined) await listModels(options, process);
      else await pullModel(findKnown(name), options, process);
    });
}

/**
 * Prints what there is to pull.
 * @throws UsageError where an option says what to do with a model.
 */
export async function listModels(options: PullOptions, { env, stdout }: PullSurroundings): Promise<void> {
  const { json, ...others } = options;
  const [forOne] = Object.keys(others);
  if (forOne !== undefined)
    throw new UsageError(`--${forOne} needs the name of a model: sabrewing pull NAME`);
  const models = await lookForModels({ env });
  const lines = json ? models.map(modelLine) : [modelTable(models)];
  stdout.write(printed(lines.join("\n")));
}

/**
 * Tells the licence, gets the weights and compiles them.
 * @throws TransientError when the publisher cannot be reached, ModelError, ConfigError.
 */
export async function pullModel(
  known: KnownModel,
  { output, size, weights, variants, portable, release, json }: PullOptions,
  { env, stdout, stderr }: PullSurroundings,
): Promise<ModuleReport[]> {
  if (variants === true && portable === true) {
    throw new UsageError("--variants makes a portable one as well: leave out --portable");
  }
  const places = weights === undefined ? { env } : { env, explicitPath: weights };
  const model = await obtainVisibly(known, places, stderr);
  const out = output ?? join(sabrewingHome(env), `${known.name}-${showSize(size ?? known.input)}.wasm`);
  const { name, licence } = known;
  const order = { model, out, name, size: size ?? known.input, licence: licence.id, release };
  const target = portable === true ? "simd128" : fastestTarget();
  const reports =
    variants === true
      ? await writeVariants(order, stderr)
      : [await writeModule({ ...order, target }, showProgress("compile", stderr), () => {})];
  for (const report of reports) {
    stdout.write(printed(json ? plainJson(report) : describeReport(report)));
  }
  if (known.filters !== undefined) stderr.write(printed(adviseFilters(known.name, known.filters)));
  return reports;
}

function adviseFilters(name: string, { minScore, threshold }: NonNullable<KnownModel["filters"]>): string {
  return (
    `${name} is less sure of itself than the configuration's defaults expect. For every label you track:\n` +
    `  objects: {filters: {person: {min_score: ${minScore}, threshold: ${threshold}}}}`
  );
}
