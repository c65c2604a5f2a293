import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { Command } from "commander";
import { ENCODING, type Login } from "../../base/address.ts";
import { systemClock } from "../../base/clock.ts";
import { ConfigError, TransientError, UsageError } from "../../base/errors.ts";
import { plainJson, printed } from "../../base/plain-text.ts";
import { findOnvifCameras } from "../../camera/onvif.ts";
import { fittingStream, type TriedStream, tryStream } from "../../camera/try-stream.ts";
import { DEFAULT_CONFIG_FILES, parseConfig, SECRETS_FILE } from "../../config/load.ts";
import { programFolder } from "../../program-folder.ts";
import { CODEC_NAMES, FAR_APART } from "../shared/stream-words.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";
import { type FirstCamera, type FirstFiles, firstConfig } from "./first-config.ts";
import { firstConfigFile, firstModel, isStarter } from "./first-places.ts";
import { type CameraStreams, type InitOptions, readBroker, readCameras } from "./flags.ts";
import { BROKER_PASSWORD, CAMERA_PASSWORD, loginOf, withLogins } from "./logins.ts";
import {
  askBroker,
  askCameras,
  askHomeAssistant,
  askPassword,
  Cancelled,
  onvifCameras,
} from "./questions.ts";

/** Input size of a small model: a stream with fewer pixels gives it less detail than it can use. */
const SUFFICIENT_SIZE = { width: 640, height: 384 };
const SEARCH_MS = 4_000;
const EXAMPLES = `
Examples:
  sabrewing init                                        ask for everything and search for cameras
  sabrewing init --broker broker.local --broker-user cam \\
    --camera door=rtsp://10.0.0.7/stream1 --camera door=rtsp://10.0.0.7/stream2 \\
    --camera-user admin                                 ask for the passwords only; use the more suitable of two streams
  ${CAMERA_PASSWORD}=… sabrewing init --broker broker.local --discover --camera-user admin
                                                        add every ONVIF camera on the network without questions

The command asks for passwords on a terminal, or reads them from ${BROKER_PASSWORD} and ${CAMERA_PASSWORD}.
A password may contain any character except control characters. Every user of this machine can see a password that is part
of an address (ps). There, percent-encode it: ${ENCODING}.

The command writes the configuration and, in the same folder, ${SECRETS_FILE} with the passwords, which only its owner can read.
It overwrites existing files only with --force, or if the file is the unchanged configuration from the package.`;

const repeated = (value: string, before: readonly string[]) => [...before, value];

/** `sabrewing init`: writes a first configuration from answers or flags. */
export function initCommand(): Command {
  return new Command("init")
    .description(
      "writes a first configuration: finds cameras, tries their streams and chooses the most suitable stream of each",
    )
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
    .option("--model <file>", "detector module", firstModel(programFolder()))
    .option("--track <labels>", "labels to track, separated by commas", "person,car,dog,cat")
    .option("--home-assistant", "announce the cameras to Home Assistant", false)
    .option("--no-probe", "do not try the streams")
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
  const note = (line: string) => void process.stderr.write(printed(line));
  const given = readCameras(options.camera);
  const canAsk = process.stdin.isTTY === true && !options.yes && !options.json;
  const asks = canAsk && (options.broker === undefined || given.length === 0);
  if (!asks && options.broker === undefined) {
    throw new UsageError(
      "--broker is missing: init cannot ask for it (no terminal, --yes or --json)",
      "Add --broker HOST.",
    );
  }
  try {
    const sources = { env: process.env, ask: canAsk ? askPassword : undefined };
    const broker =
      options.broker === undefined
        ? await askBroker()
        : {
            ...readBroker(options.broker),
            ...(await loginOf(options.brokerUser, BROKER_PASSWORD, sources)),
          };
    const login = await loginOf(options.cameraUser, CAMERA_PASSWORD, sources);
    const found = options.discover ? await discovered(login, given, note) : [];
    const requested = [...(await withLogins(given, login, sources.ask)), ...found];
    const cameras = requested.length === 0 && asks ? await askCameras(note) : requested;
    if (cameras.length === 0)
      throw new UsageError(
        "no camera is given or found",
        "Add --camera NAME=rtsp://…, or --discover if the cameras speak ONVIF.",
      );
    const homeAssistant = asks ? await askHomeAssistant() : options.homeAssistant;
    const first = await chooseStreams(cameras, options.probe, interrupted.signal, note);
    const track = options.track.split(",").map((label) => label.trim());
    const { model } = options;
    const files = firstConfig({ broker, model, track, homeAssistant, cameras: first });
    checkWritten(files, options.output);
    await mkdir(dirname(options.output), { recursive: true });
    const write = (file: string, text: string, mode: number) =>
      writeAnew(file, text, { mode, replace: mayReplace(file) });
    // The service's user is in the folder's group. It gets the passwords from systemd.
    await write(options.output, files.yaml, 0o640);
    if (files.secrets !== "") await write(secretsFile, files.secrets, 0o600);
    tellWritten(options, first, files.secrets === "" ? undefined : secretsFile);
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    note("No file was written.");
  }
}

async function discovered(
  login: Login | undefined,
  others: readonly CameraStreams[],
  note: (line: string) => void,
): Promise<readonly CameraStreams[]> {
  note("searching for ONVIF cameras…");
  const taken = others.map(({ name }) => name);
  return onvifCameras(await findOnvifCameras(SEARCH_MS), login, note, taken);
}

/** `640×480 H.264, 15 fps`, followed by a warning if the stream costs more than it must. */
function streamWords({ width, height, codec, fps, areKeysFarApart }: TriedStream): string {
  const words = `${width}×${height} ${CODEC_NAMES[codec]}${fps === undefined ? "" : `, ${fps} fps`}`;
  return areKeysFarApart ? `${words}\n  ! ${FAR_APART.message}\n  → ${FAR_APART.remedy}` : words;
}

/** Tries all streams, one session per camera at a time, and chooses the most suitable one. A camera that does not answer keeps its first address. */
async function chooseStreams(
  cameras: readonly CameraStreams[],
  probe: boolean,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<readonly FirstCamera[]> {
  return Promise.all(
    cameras.map(async ({ name, addresses }): Promise<FirstCamera> => {
      const tried: TriedStream[] = [];
      for (const address of probe ? addresses : []) {
        try {
          const stream = await tryStream(name, address, { clock: systemClock, signal });
          tried.push(stream);
          note(`✓ ${name}: ${streamWords(stream)}`);
        } catch (error) {
          if (!(error instanceof ConfigError) && !(error instanceof TransientError)) throw error;
          note(`✗ ${error.message}\n  → ${error.remedy}`);
        }
      }
      const fitting = fittingStream(tried, SUFFICIENT_SIZE);
      const [first = ""] = addresses;
      if (fitting === undefined) return { name, address: first };
      return { name, address: fitting.address, size: { width: fitting.width, height: fitting.height } };
    }),
  );
}

/** Validates the files before they are written. A mistake comes from an answer, for example a duplicate label. */
function checkWritten({ yaml, secrets }: FirstFiles, file: string): void {
  parseConfig(yaml, file, parseEnv(secrets));
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
async function writeAnew(
  file: string,
  text: string,
  { mode, replace }: { readonly mode: number; readonly replace: boolean },
): Promise<void> {
  // An existing file may have wider permissions: remove it first.
  if (replace) await rm(file, { force: true });
  await writeFile(file, text, { mode, flag: "wx" });
}

function tellWritten(
  { output, json, model }: InitOptions,
  cameras: readonly FirstCamera[],
  secrets: string | undefined,
): void {
  if (json) {
    const shown = cameras.map(({ name, size }) => ({ name, size }));
    process.stdout.write(printed(plainJson({ config: output, secrets, cameras: shown })));
    return;
  }
  const pull = existsSync(model) ? "" : `  sabrewing pull yolov5n -o ${model}\n`;
  const secretsNote = secrets === undefined ? "" : ` and ${secrets} (passwords; keep it private)`;
  const start =
    output === DEFAULT_CONFIG_FILES[0]
      ? "sudo sabrewing check\n  sudo systemctl enable --now sabrewing"
      : `sabrewing check -c ${output}\n  sabrewing run -c ${output}`;
  process.stdout.write(printed(`wrote ${output}${secretsNote}. Next, run:\n${pull}  ${start}`));
}
