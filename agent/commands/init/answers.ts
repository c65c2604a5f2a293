import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chooseModule, type ModelInfo, readModel } from "../../../detectors/detector.ts";
import type { Login } from "../../base/address.ts";
import { systemClock } from "../../base/clock.ts";
import { UsageError } from "../../base/errors.ts";
import { findOnvifCameras } from "../../camera/onvif.ts";
import { tryStream } from "../../camera/try-stream.ts";
import { requireModelLabels } from "../../detector-for-cameras.ts";
import { attemptBroker, type Broker, chooseBroker } from "./choose-broker.ts";
import { chooseStreams, type StreamTrial } from "./choose-streams.ts";
import type { FirstAnswers, FirstCamera } from "./first-config.ts";
import { modelFrom } from "./first-places.ts";
import { type CameraStreams, type InitOptions, readBroker, readCameras } from "./flags.ts";
import { BROKER_PASSWORD, CAMERA_PASSWORD, loginOf, type PasswordSources, withLogins } from "./logins.ts";
import {
  askBroker,
  askCameras,
  askHomeAssistant,
  askLabels,
  askPassword,
  askSnapshots,
  askView,
  onvifCameras,
} from "./questions.ts";
import { readBack } from "./read-back.ts";
import { askAboutBroker, askAboutCamera } from "./second-chances.ts";

const SEARCH_MS = 4_000;
/** Those of them that the model has are tracked by default. */
export const USUAL_LABELS = "person,car,dog,cat";

/**
 * Takes the answers from the flags, and asks for the others on a terminal. Tries broker and streams as soon as they are known.
 * @throws UsageError, ConfigError, Cancelled
 */
export async function answersTo(
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
      "no camera was given or found",
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

/** The labels of `--track`. Labels that the model lacks are left out of the default. */
function labelsFor(track: string, model: ModelInfo | undefined): readonly string[] {
  const labels = track.split(",").map((label) => label.trim());
  if (track !== USUAL_LABELS || model === undefined) return labels;
  const known = labels.filter((label) => model.labels.includes(label));
  return known.length === 0 ? model.labels.slice(0, 1) : known;
}
