import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { chooseModule, findKnownModel, readModel, sabrewingHome } from "../../../detectors/detector.ts";
import { withoutCredentials } from "../../base/address.ts";
import { systemClock } from "../../base/clock.ts";
import { errorCode } from "../../base/error-code.ts";
import { ConfigError, TransientError } from "../../base/errors.ts";
import type { Mapping } from "../../base/mapping.ts";
import { tryStream } from "../../camera/try-stream.ts";
import { fillFromEnvironment } from "../../config/environment.ts";
import { readEnvironmentFile } from "../../config/environment-file.ts";
import { InvalidConfig } from "../../config/invalid-config.ts";
import { DEFAULT_CONFIG_FILES } from "../../config/load.ts";
import { MQTT_FILES } from "../../config/mqtt-schema.ts";
import { readBytes } from "../../config/read-text.ts";
import { readYaml } from "../../config/read-yaml.ts";
import { decodeText } from "../../config/text-encoding.ts";
import { newestModule } from "../shared/find-module.ts";
import type { FirstAnswers, FirstFiles } from "./first-config.ts";
import { convertFrigate } from "./frigate/convert.ts";
import type { Remark } from "./frigate/remarks.ts";
import { mappingOf, textOf } from "./frigate/values.ts";
import { writeYaml } from "./frigate/write-yaml.ts";

export interface FromFrigateOptions {
  /** Frigate's file. */
  readonly from: string;
  /** The file to write, for paths. */
  readonly output: string;
  /** `--model`; undefined: the file's, if it is a module, else the installed one. */
  readonly model: string | undefined;
  readonly installedModel: string;
  readonly broker: FirstAnswers["broker"] | undefined;
  readonly homeAssistant: boolean;
  readonly keepThresholds: boolean;
  /** Whether to ask a stream for its size where masks are in pixels of a frame of unknown size. */
  readonly probe: boolean;
  readonly signal: AbortSignal;
  /** Prints a line before a step that takes time. */
  readonly note: (line: string) => void;
}

/** The files that `init --from` writes, and the remarks to print. */
export interface FromFrigate {
  readonly files: FirstFiles;
  readonly remarks: readonly Remark[];
  readonly cameras: readonly string[];
  readonly model: string;
}

/** The model that the remedies of this command name. Its labels are assumed while no module exists. */
const USUAL_MODEL = "yolov5n";

/**
 * Converts Frigate's configuration.
 * @throws ConfigError if it cannot be read or has no camera that Sabrewing can read
 */
export async function fromFrigate(options: FromFrigateOptions): Promise<FromFrigate> {
  const { from, output, broker, homeAssistant, keepThresholds } = options;
  const file = readFrigate(from);
  const model = modelFor(file, options);
  const module = chooseModule(model).path;
  const known = existsSync(module) ? await readModel(module) : findKnownModel(USUAL_MODEL);
  const { config, secrets, remarks } = await convertFrigate(file, {
    ...{ broker, homeAssistant, keepThresholds, model },
    labels: known?.labels ?? [],
    snapshotDirectory: snapshotDirectory(output),
    streamSize: (name, address, env) => streamSize(name, address, env, options),
  });
  const cameras = Object.keys(mappingOf(config.cameras));
  const all = [...remarks, ...missingFiles(mappingOf(config.mqtt), output)];
  return { files: { yaml: writeYaml(config, all, from), secrets }, remarks: all, cameras, model };
}

/** Certificates that are in Frigate's container, but not here. */
function missingFiles(mqtt: Mapping, output: string): readonly Remark[] {
  return MQTT_FILES.flatMap((key): readonly Remark[] => {
    const path = textOf(mqtt[key]);
    if (path === undefined || existsSync(resolve(dirname(output), path))) return [];
    return [{ kind: "todo", key: `mqtt.${key}`, text: "copy the file to this machine, or correct its path" }];
  });
}

function readFrigate(path: string): Mapping {
  try {
    const decoded = decodeText(readBytes(path));
    if ("problem" in decoded) throw new InvalidConfig([{ file: path, key: "", ...decoded.problem }]);
    return mappingOf(readYaml(decoded.text, path).asWritten);
  } catch (error) {
    const remedy = "Give --from a configuration that Frigate accepts.";
    if (error instanceof InvalidConfig) {
      throw new ConfigError(error.message.replace("the configuration", "Frigate's configuration"), remedy);
    }
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw new ConfigError(`cannot read ${withoutCredentials(path)} (${code})`, remedy, { cause: error });
  }
}

/** Frigate's own model is for another program, unless its path is that of a module. */
function modelFor(file: Mapping, { from, model, installedModel }: FromFrigateOptions): string {
  if (model !== undefined) return resolve(model);
  const written = textOf(mappingOf(file.model).path) ?? "";
  const inFile = resolve(dirname(from), written);
  if (written.endsWith(".wasm") && existsSync(inFile)) return inFile;
  if (existsSync(chooseModule(installedModel).path)) return resolve(installedModel);
  return newestModule(sabrewingHome(process.env)) ?? resolve(installedModel);
}

/** The service may write to its state directory only; else the folder is beside the configuration. */
function snapshotDirectory(output: string): string {
  const isService = resolve(output) === DEFAULT_CONFIG_FILES[0];
  return isService ? "/var/lib/sabrewing/snapshots" : join(resolve(dirname(output)), "snapshots");
}

async function streamSize(
  name: string,
  address: string,
  secrets: string,
  { probe, signal, note }: FromFrigateOptions,
): Promise<{ readonly width: number; readonly height: number } | undefined> {
  if (!probe || signal.aborted) return undefined;
  note(`trying ${name}: its zones or masks are in pixels, so the size of its frames is needed…`);
  try {
    const complete = String(
      fillFromEnvironment(address, readEnvironmentFile(secrets).variables, () => undefined),
    );
    const { width, height } = await tryStream(name, complete, { clock: systemClock, signal });
    return { width, height };
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof TransientError)) throw error;
    return undefined;
  }
}
