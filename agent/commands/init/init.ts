import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { chooseModule, type ModelInfo, readModel, sabrewingHome } from "../../../detectors/detector.ts";
import type { Login } from "../../base/address.ts";
import { ENCODING } from "../../base/address-mistake.ts";
import { systemClock } from "../../base/clock.ts";
import { ConfigError, EXIT, UsageError } from "../../base/errors.ts";
import { allowPort } from "../../base/listen.ts";
import { plainJson, printed } from "../../base/plain-text.ts";
import { findOnvifCameras } from "../../camera/onvif.ts";
import { tryStream } from "../../camera/try-stream.ts";
import { SECRETS_FILE } from "../../config/secrets-file.ts";
import { requireModelLabels } from "../../detector-for-cameras.ts";
import { programFolder } from "../../program-folder.ts";
import { isOfService, startCommand } from "../shared/start-command.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";
import { attemptBroker, type Broker, chooseBroker } from "./choose-broker.ts";
import { chooseStreams, type StreamTrial } from "./choose-streams.ts";
import { type FirstAnswers, type FirstCamera, type FirstFiles, firstConfig } from "./first-config.ts";
import { firstConfigFile, firstModel, isStarter, modelFrom } from "./first-places.ts";
import { type CameraStreams, type InitOptions, readBroker, readCameras } from "./flags.ts";
import type { Remark } from "./frigate/remarks.ts";
import { initFromFrigate, type Written } from "./init-from-frigate.ts";
import { BROKER_PASSWORD, CAMERA_PASSWORD, loginOf, type PasswordSources, withLogins } from "./logins.ts";
import {
  askBroker,
  askCameras,
  askHomeAssistant,
  askLabels,
  askPassword,
  askSnapshots,
  askView,
  Cancelled,
  onvifCameras,
} from "./questions.ts";
import { readBack } from "./read-back.ts";
import { askAboutBroker, askAboutCamera } from "./second-chances.ts";

const SEARCH_MS = 4_000;
/** The default of `view.port`. */
const VIEW_PORT = 5080;
/** Those of them that the model has are tracked by default. */
const USUAL_LABELS = "person,car,dog,cat";
const EXAMPLES = `
Examples:
  sabrewing init                                        ask for everything and search for cameras
  sabrewing init --broker broker.local --broker-user cam \\
    --camera door=rtsp://10.0.0.7/stream1 --camera door=rtsp://10.0.0.7/stream2 \\
    --camera-user admin                                 ask for the passwords only; use the more suitable of two streams
  ${CAMERA_PASSWORD}=… sabrewing init --broker broker.local --discover --camera-user admin
                                                        add every ONVIF camera on the network without questions
  sabrewing init --from frigate.yml -o sabrewing.yml    convert a configuration of Frigate

The command asks for passwords on a terminal, or reads them from ${BROKER_PASSWORD} and ${CAMERA_PASSWORD}.
A password may contain any character except control characters. Every user of this machine can see a password that is part
of an address (ps). There, percent-encode it: ${ENCODING}.

The command tries the broker and the streams before it writes. On a terminal, an answer that does not work can be changed; else
the command writes no file if the broker refuses the agent, and keeps a camera that does not work.

The command writes the configuration and, in the same folder, ${SECRETS_FILE} with the passwords, which only its owner can read.
It overwrites existing files only with --force, or if the file is the unchanged configuration from the package.`;

const repeated = (value: string, before: readonly string[]) => [...before, value];

/** `sabrewing init`: writes a first configuration from answers or flags. */
export function initCommand(): Command {
  return new Command("init")
    .description(
      "writes a first configuration: finds cameras, tries their streams and chooses the most suitable stream of each, or converts Frigate's configuration",
    )
    .option("--from <file>", "convert a configuration of Frigate (0.14 to 0.18); asks no questions")
    .option("--keep-thresholds", "with --from: keep min_score and threshold of Frigate's detector", false)
    .option("--broker <address>", "MQTT broker: [mqtt[s]://][user[:password]@]host[:port]")
    .option(
      "--broker-user <name>",
      `user at the broker; the password comes from $${BROKER_PASSWORD} or a prompt`,
    )
    .option(
      "--camera <name=address>",
      "camera and its rtsp:// URL; repeat it with the same name to offer several streams",
      repeated,
      [],
    )
    .option("--discover", "add every ONVIF camera on the network", false)
    .option(
      "--camera-user <name>",
      `user for discovered cameras and addresses without a user; the password comes from $${CAMERA_PASSWORD} or a prompt`,
    )
    .option(
      "--model <file>",
      "detector module",
      firstModel(programFolder(), [".", sabrewingHome(process.env)]),
    )
    .option("--track <labels>", "labels to track, separated by commas", USUAL_LABELS)
    .option("--home-assistant", "announce the cameras to Home Assistant", false)
    .option("--snapshots", "publish a JPEG of each object", false)
    .option("--view", "enable the live view, with a token in secrets.env", false)
    .option("--no-probe", "do not try the broker and the streams")
    .option("-o, --output <file>", "configuration file to write", firstConfigFile())
    .option("--force", "overwrite existing files", false)
    .option("-y, --yes", "do not ask questions", false)
    .option("--json", "print the result as JSON; do not ask questions", false)
    .addHelpText("after", EXAMPLES)
    .action(init);
}

async function init(options: InitOptions): Promise<void> {
  using interrupted = untilInterrupted();
  const secretsFile = join(dirname(options.output), SECRETS_FILE);
  const mayReplace = (file: string) => options.force || isStarter(file, programFolder());
  refuseToOverwrite([options.output, secretsFile].filter((file) => !mayReplace(file)));
  const note = (line: string) => {
    if (!interrupted.signal.aborted) process.stderr.write(printed(line));
  };
  const write = (files: FirstFiles) => writeBoth(files, options.output, secretsFile, mayReplace);
  if (options.from !== undefined) {
    const steps = { signal: interrupted.signal, note, write, tell: tellWritten };
    return initFromFrigate(options.from, options, steps);
  }
  try {
    const answers = await answersTo(options, note, interrupted.signal);
    if (interrupted.signal.aborted) return;
    tellWritten(options, answers, write(firstConfig(answers)));
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    note("No file was written.");
    process.exitCode = EXIT.interrupted;
  }
}

/**
 * Writes the files, without waiting in between: Ctrl-C must not leave one of them alone.
 * @returns the file of secrets, if there are any
 */
function writeBoth(
  { yaml, secrets }: FirstFiles,
  output: string,
  secretsFile: string,
  mayReplace: (file: string) => boolean,
): string | undefined {
  mkdirSync(dirname(output), { recursive: true });
  const write = (file: string, text: string, mode: number) =>
    writeAnew(file, text, { mode, replace: mayReplace(file) });
  // The service's user is in the folder's group. It gets the passwords from systemd.
  write(output, yaml, 0o640);
  if (secrets === "") return undefined;
  write(secretsFile, secrets, 0o600);
  return secretsFile;
}

/**
 * Takes the answers from the flags, and asks for the others on a terminal. Tries broker and streams as soon as they are known.
 * @throws UsageError, ConfigError, Cancelled
 */
async function answersTo(
  options: InitOptions,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<FirstAnswers> {
  const named = readCameras(options.camera);
  const canAsk = process.stdin.isTTY === true && !options.yes && !options.json;
  const asks = canAsk && (options.broker === undefined || named.length === 0);
  if (!asks && options.broker === undefined) {
    throw new UsageError(
      "--broker is missing: init cannot ask for it (no terminal, --yes or --json)",
      "Add --broker HOST.",
    );
  }
  const sources = { env: process.env, ask: canAsk ? askPassword : undefined };
  const broker = await brokerOf(options, sources);
  const brokerTrial = {
    attempt: (tried: Broker) => attemptBroker(tried, signal),
    ask: canAsk ? askAboutBroker : undefined,
    note,
  };
  const finalBroker = options.probe ? await chooseBroker(broker, brokerTrial) : broker;
  const login = await loginOf(options.cameraUser, CAMERA_PASSWORD, sources);
  const found = options.discover ? await discovered(login, named, note) : [];
  const requested = [...(await withLogins(named, login, sources.ask)), ...found];
  const streams = requested.length === 0 && asks ? await askCameras(note) : requested;
  const cameraTrial = { ask: canAsk ? askAboutCamera : undefined, note, signal };
  const cameras = await firstCameras(streams, options, cameraTrial);
  if (cameras.length === 0)
    throw new UsageError(
      "no camera is given or found",
      "Add --camera NAME=rtsp://…, or --discover if the cameras speak ONVIF.",
    );
  const model = await moduleOf(options.model);
  const usual = labelsFor(options.track, model);
  if (model !== undefined) requireModelLabels(usual, model, "--track");
  const track = asks && model !== undefined ? await askLabels(model.labels, usual) : usual;
  const snapshots = asks ? await askSnapshots() : options.snapshots;
  const homeAssistant = asks ? await askHomeAssistant() : options.homeAssistant;
  const hasView = asks ? await askView() : options.view;
  const answers: FirstAnswers = {
    broker: finalBroker,
    model: modelFrom(options.output, options.model),
    track,
    homeAssistant,
    snapshots,
    viewToken: hasView ? randomBytes(16).toString("hex") : undefined,
    cameras,
  };
  readBack(answers, options.output);
  return answers;
}

async function brokerOf(options: InitOptions, sources: PasswordSources): Promise<Broker> {
  if (options.broker === undefined) return askBroker();
  return { ...readBroker(options.broker), ...(await loginOf(options.brokerUser, BROKER_PASSWORD, sources)) };
}

async function discovered(
  login: Login | undefined,
  others: readonly CameraStreams[],
  note: (line: string) => void,
): Promise<readonly CameraStreams[]> {
  note("searching for ONVIF cameras…");
  const taken = others.map(({ name }) => name);
  return (await onvifCameras(await findOnvifCameras(SEARCH_MS), login, note, taken)).cameras;
}

/** The cameras with the stream that is most suitable, or, if the streams are not tried, with the first one. */
async function firstCameras(
  cameras: readonly CameraStreams[],
  { probe }: InitOptions,
  trial: Omit<StreamTrial, "attempt">,
): Promise<readonly FirstCamera[]> {
  if (!probe) return cameras.map(({ name, addresses: [address = ""] }) => ({ name, address }));
  const options = { clock: systemClock, signal: trial.signal };
  return chooseStreams(cameras, {
    ...trial,
    attempt: (name, address) => tryStream(name, address, options),
  });
}

/** The module's description; undefined if it has not been written yet. */
async function moduleOf(model: string): Promise<ModelInfo | undefined> {
  const { path } = chooseModule(model);
  return existsSync(path) ? readModel(path) : undefined;
}

/** The labels of `--track`. Its default leaves out what the model does not have. */
function labelsFor(track: string, model: ModelInfo | undefined): readonly string[] {
  const labels = track.split(",").map((label) => label.trim());
  if (track !== USUAL_LABELS || model === undefined) return labels;
  const known = labels.filter((label) => model.labels.includes(label));
  return known.length === 0 ? model.labels.slice(0, 1) : known;
}

function refuseToOverwrite(files: readonly string[]): void {
  const there = files.find((file) => existsSync(file));
  if (there === undefined) return;
  throw new ConfigError(
    `${there} already exists`,
    "Choose another file with --output, or overwrite it with --force.",
  );
}

/** Creates the file with its final permissions, before the first byte is written. */
function writeAnew(
  file: string,
  text: string,
  { mode, replace }: { readonly mode: number; readonly replace: boolean },
): void {
  // An existing file may have wider permissions: remove it first.
  if (replace) rmSync(file, { force: true });
  writeFileSync(file, text, { mode, flag: "wx" });
}

function tellWritten(
  { output, json, model }: InitOptions,
  { cameras, viewToken }: Written,
  secrets: string | undefined,
  remarks?: readonly Remark[],
): void {
  if (json) {
    const shown = cameras.map(({ name, size }) => ({ name, size }));
    process.stdout.write(printed(plainJson({ config: output, secrets, cameras: shown, remarks })));
    return;
  }
  const pull = existsSync(chooseModule(model).path) ? "" : `  sabrewing pull yolov5n -o ${model}\n`;
  const secretsNote = secrets === undefined ? "" : ` and ${secrets} (passwords; keep it private)`;
  const isService = isOfService(output);
  const check = isService ? "sudo sabrewing check" : `sabrewing check -c ${output}`;
  const view =
    viewToken === undefined
      ? ""
      : `\nThe live view is at http://127.0.0.1:${VIEW_PORT}; its token is SABREWING_VIEW_TOKEN in ${secrets}.${isService ? ` ${allowPort(VIEW_PORT)}` : ""}`;
  const next = `${pull}  ${check}\n  ${startCommand(output)}${view}`;
  process.stdout.write(printed(`wrote ${output}${secretsNote}. Next, run:\n${next}`));
}
