import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { Command } from "commander";
import { chooseModule, findKnownModel, type KnownModel, readModel } from "../../../detectors/detector.ts";
import { ConfigError, TransientError, UsageError } from "../../base/errors.ts";
import { plainJson, printed } from "../../base/plain-text.ts";
import { ENCODING, type Login } from "../../camera/address.ts";
import { findOnvifCameras } from "../../camera/onvif.ts";
import { fittingStream, type TriedStream, tryStream } from "../../camera/try-stream.ts";
import { DEFAULT_CONFIG_FILES, parseConfig, SECRETS_FILE } from "../../config/load.ts";
import { programFolder } from "../../program-folder.ts";
import { untilInterrupted } from "../shared/until-interrupted.ts";
import { type FirstCamera, type FirstFiles, firstConfig } from "./first-config.ts";
import { firstConfigFile, firstModel, isStarter } from "./first-places.ts";
import { type InitOptions, readBroker, readCameras, type WantedCamera } from "./flags.ts";
import { BROKER_PASSWORD, CAMERA_PASSWORD, loginOf, withLogins } from "./logins.ts";
import {
  askBroker,
  askCameras,
  askHomeAssistant,
  askPassword,
  Cancelled,
  onvifCameras,
} from "./questions.ts";

/** What a small model looks at; a stream with fewer pixels than this shows it less than it could see. */
const WANTED = { width: 640, height: 384 };
const SEARCH_MS = 4_000;
const EXAMPLES = `
Examples:
  sabrewing init                                        asks for everything, and looks for cameras
  sabrewing init --broker broker.local --broker-user cam \\
    --camera door=rtsp://10.0.0.7/stream1 --camera door=rtsp://10.0.0.7/stream2 \\
    --camera-user admin                                 asks for the passwords; of two streams it takes the one that fits
  ${CAMERA_PASSWORD}=… sabrewing init --broker broker.local --discover --camera-user admin
                                                        every ONVIF camera on the network; no questions

Passwords are asked for on a terminal, or taken from ${BROKER_PASSWORD} and ${CAMERA_PASSWORD}. They may
hold any character but control characters. A password inside an address is visible to every user of this machine (ps), and
must be percent-encoded: ${ENCODING}.

It writes the configuration and, beside it, ${SECRETS_FILE} with the passwords, readable for their owner only. A file that is
there already is left alone, unless --force says otherwise or nobody has touched it since it was installed.`;

const repeated = (value: string, before: readonly string[]) => [...before, value];

/** `sabrewing init`: a first configuration, by questions or by flags. */
export function initCommand(): Command {
  return new Command("init")
    .description("write a first configuration: find cameras, try their streams, take the one that fits")
    .option("--broker <address>", "[mqtt[s]://][user[:password]@]host[:port]")
    .option("--broker-user <name>", `user at the broker; password: $${BROKER_PASSWORD}, or it is asked for`)
    .option("--camera <name=address>", "a camera's stream; several of one name: to choose from", repeated, [])
    .option("--discover", "take every ONVIF camera on the network", false)
    .option(
      "--camera-user <name>",
      `user of cameras whose address has none, and of discovered ones; password: $${CAMERA_PASSWORD}, or it is asked for`,
    )
    .option("--model <file>", "detector module", firstModel(programFolder()))
    .option("--track <labels>", "what to tell of", "person,car,dog,cat")
    .option("--home-assistant", "announce the cameras to Home Assistant", false)
    .option("--no-probe", "do not try the streams")
    .option("-o, --output <file>", "where to write it", firstConfigFile())
    .option("--force", "overwrite what is there", false)
    .option("-y, --yes", "ask nothing", false)
    .option("--json", "tell what was written as JSON; asks nothing", false)
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
    throw new UsageError("--broker is needed where nobody can be asked (no terminal, --yes or --json)");
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
    const wanted = [...(await withLogins(given, login, sources.ask)), ...found];
    const cameras = wanted.length === 0 && asks ? await askCameras(note) : wanted;
    if (cameras.length === 0)
      throw new UsageError("no camera: name one with --camera, or let --discover find some");
    const homeAssistant = asks ? await askHomeAssistant() : options.homeAssistant;
    const first = await chooseStreams(cameras, options.probe, interrupted.signal, note);
    const track = options.track.split(",").map((label) => label.trim());
    const { model } = options;
    const filters = await filtersFor(model);
    const files = firstConfig({ broker, model, track, filters, homeAssistant, cameras: first });
    checkWritten(files, options.output);
    await mkdir(dirname(options.output), { recursive: true });
    const write = (file: string, text: string, mode: number) =>
      writeAnew(file, text, { mode, replace: mayReplace(file) });
    // The service's user is in the group of its folder; the passwords are handed to it by systemd.
    await write(options.output, files.yaml, 0o640);
    if (files.secrets !== "") await write(secretsFile, files.secrets, 0o600);
    tellWritten(options, first, files.secrets === "" ? undefined : secretsFile);
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    note("Nothing was written.");
  }
}

async function discovered(
  login: Login | undefined,
  others: readonly WantedCamera[],
  note: (line: string) => void,
): Promise<readonly WantedCamera[]> {
  note("looking for ONVIF cameras…");
  const taken = others.map(({ name }) => name);
  return onvifCameras(await findOnvifCameras(SEARCH_MS), login, note, taken);
}

/** Tries every stream and takes the one that fits; a camera that does not answer is kept, with its first address. */
async function chooseStreams(
  cameras: readonly WantedCamera[],
  probe: boolean,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<readonly FirstCamera[]> {
  return Promise.all(
    cameras.map(async ({ name, addresses }): Promise<FirstCamera> => {
      const tried: TriedStream[] = [];
      for (const address of probe ? addresses : []) {
        try {
          const stream = await tryStream(name, address, signal);
          tried.push(stream);
          note(
            `✓ ${name}: ${stream.width}×${stream.height}${stream.fps === undefined ? "" : `, ${stream.fps} fps`}`,
          );
        } catch (error) {
          if (!(error instanceof ConfigError) && !(error instanceof TransientError)) throw error;
          note(`✗ ${error.message}\n  → ${error.remedy}`);
        }
      }
      const fitting = fittingStream(tried, WANTED);
      const [first = ""] = addresses;
      if (fitting === undefined) return { name, address: first };
      return { name, address: fitting.address, size: { width: fitting.width, height: fitting.height } };
    }),
  );
}

/** What init writes must be what the agent reads: a mistake here is one of init's answers, say a label twice. */
function checkWritten({ yaml, secrets }: FirstFiles, file: string): void {
  parseConfig(yaml, file, parseEnv(secrets));
}

/** Which boxes count, where a known model wants other filters than the defaults. */
async function filtersFor(model: string): Promise<KnownModel["filters"]> {
  const { path } = chooseModule(model);
  return existsSync(path) ? findKnownModel((await readModel(path)).name)?.filters : undefined;
}

function refuseToOverwrite(files: readonly string[]): void {
  const there = files.find((file) => existsSync(file));
  if (there === undefined) return;
  throw new ConfigError(
    `${there} is there already`,
    "Name another file with --output, or overwrite it with --force.",
  );
}

/** Readable for nobody else from the first byte on. */
async function writeAnew(
  file: string,
  text: string,
  { mode, replace }: { readonly mode: number; readonly replace: boolean },
): Promise<void> {
  // An older file's permissions may be wider: it goes first.
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
  const beside = secrets === undefined ? "" : ` and ${secrets} (passwords; keep it to yourself)`;
  const start =
    output === DEFAULT_CONFIG_FILES[0]
      ? "sudo sabrewing check\n  sudo systemctl enable --now sabrewing"
      : `sabrewing check -c ${output}\n  sabrewing run -c ${output}`;
  process.stdout.write(printed(`wrote ${output}${beside}. Next:\n${pull}  ${start}`));
}
