import { join } from "node:path";
import { chooseModule, DetectorFault, type ModelInfo, openDetector } from "../../../detectors/detector.ts";
import type { Clock } from "../../base/clock.ts";
import { ConfigError } from "../../base/errors.ts";
import { silentLog } from "../../base/log.ts";
import { startFfmpeg } from "../../camera/ffmpeg.ts";
import type { AgentConfig, CameraConfig } from "../../config/schema.ts";
import { detectorOptions, requireKnownLabels } from "../../detector-for-cameras.ts";
import { openConnection } from "../../mqtt/connection.ts";
import { RELEASES_FILE, readReleases, requireNotOlder } from "../../state/releases.ts";
import { unreadable } from "../../state/small-file.ts";
import type { Finding } from "./finding.ts";
import { tryCamera } from "./try-camera.ts";
import { tryPort } from "./try-port.ts";

/** A component that the daemon depends on. */
export interface Part {
  readonly name: string;
  /** Tries the component. Resolves with what was found, rejects with the error and its remedy. */
  readonly trial: () => Promise<Finding>;
}

/** Dependencies of the trials. */
export interface Trials {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds within which a camera must play its stream. */
  readonly cameraWithinMs: number;
  /** Default: `ffmpeg` from PATH. */
  readonly ffmpeg?: string;
  /** Folders in which an agent with this configuration may keep its state. */
  readonly stateDirectories: readonly string[];
}

/** All components that a configuration needs, in the order in which a frame passes them. */
export function partsOf(config: AgentConfig, trials: Trials): Part[] {
  const cameras = config.cameras.filter(({ enabled }) => enabled);
  const ffmpeg = tryOnce(() => tryFfmpeg(trials));
  return [
    { name: "ffmpeg", trial: inWords(ffmpeg) },
    ...cameras.map((camera) => ({
      name: `camera ${camera.name}`,
      trial: async () => {
        await ffmpeg().catch((cause: unknown) => {
          throw new ConfigError("not tried: it needs ffmpeg", "Fix ffmpeg first, see above.", { cause });
        });
        return tryCamera(camera, trials);
      },
    })),
    { name: "broker", trial: inWords(() => tryBroker(config, trials)) },
    { name: "model", trial: inWords(() => tryModel(config, cameras, trials)) },
    ...(["metrics", "view"] as const)
      .filter((section) => config[section].enabled)
      .map((section) => ({
        name: section,
        trial: inWords(() =>
          tryPort({ section, host: config[section].host, port: config[section].port }, trials.signal),
        ),
      })),
  ];
}

function inWords(trial: () => Promise<string>): () => Promise<Finding> {
  return async () => ({ words: await trial() });
}

const OLDEST_FFMPEG = [5, 1] as const;

async function tryFfmpeg({ signal, ffmpeg = "ffmpeg" }: Trials): Promise<string> {
  await using run = startFfmpeg(ffmpeg, ["-version"], signal);
  const parts: Uint8Array[] = [];
  for await (const part of run.output) parts.push(part);
  await run.ended;
  const version = /version (\S+)/.exec(Buffer.concat(parts).toString())?.[1] ?? "of unknown version";
  const [major, minor] = (/^n?(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
  // Builds from ffmpeg's repository have no version number; they are recent.
  const tooOld =
    major !== undefined && major * 1000 + (minor ?? 0) < OLDEST_FFMPEG[0] * 1000 + OLDEST_FFMPEG[1];
  if (!tooOld) return version;
  throw new ConfigError(
    `ffmpeg ${version} is too old: expected ${OLDEST_FFMPEG.join(".")} or newer`,
    "Install a newer ffmpeg: Debian 12 and later ship one.",
  );
}

const LEAVE_WITHIN_MS = 1000;

async function tryBroker({ mqtt }: AgentConfig, { signal }: Trials): Promise<string> {
  // The broker would disconnect a running daemon with the same client_id.
  const connection = await openConnection({ ...mqtt, client_id: `${mqtt.client_id}-check` }, { signal });
  await connection.disconnect(LEAVE_WITHIN_MS);
  return `${mqtt.host}:${mqtt.port}${mqtt.user === undefined ? "" : ` as ${mqtt.user}`}`;
}

/** The first inferences are slow: the engine has not optimised the code yet. */
const INFERENCES = 5;

async function tryModel(
  config: AgentConfig,
  cameras: readonly CameraConfig[],
  { stateDirectories }: Trials,
): Promise<string> {
  const chosen = chooseModule(config.model.path, config.model);
  try {
    return await tryModule(chosen, config, cameras, stateDirectories);
  } catch (cause) {
    if (!(cause instanceof DetectorFault)) throw cause;
    throw new ConfigError(
      `${chosen.path} does not answer: ${cause.message}`,
      "Raise detector.deadline_ms, use a smaller model, or set detector.runtime to v8.",
      { cause },
    );
  }
}

/** @throws DetectorFault if the module does not answer. */
async function tryModule(
  { path, why }: ReturnType<typeof chooseModule>,
  config: AgentConfig,
  cameras: readonly CameraConfig[],
  stateDirectories: readonly string[],
): Promise<string> {
  const options = { ...detectorOptions(config, cameras, silentLog()), instances: 1 };
  await using detector = await openDetector(path, options);
  const { name, input, precision, labels, source } = detector.model;
  requireKnownLabels(cameras, detector.model);
  const release =
    config.model.public_key === undefined ? "" : await tryRelease(detector.model, stateDirectories);
  const grey = new Uint8Array(input.width * input.height * 3).fill(114);
  let ms = 0;
  for (let turn = 0; turn < INFERENCES; turn++) {
    ms = (await detector.detect(grey, { score: 0.5, iou: 0.45 })).inferenceMs;
  }
  const requestedFps = cameras.reduce((sum, { detect }) => sum + detect.fps, 0);
  const pace = `${ms.toFixed(0)} ms per inference in ${detector.runtime}; the cameras ask for ${requestedFps} frames per second`;
  const choice = why === undefined ? "" : ` (${why})`;
  return `${name} ${input.width}×${input.height} ${precision}${choice}${release}, licence ${source.licence}, ${labels.length} labels, ${pace}`;
}

/**
 * Compares the release with those that have run, as `run` does, without recording it.
 * @throws ConfigError if a higher release has run.
 */
async function tryRelease(model: ModelInfo, stateDirectories: readonly string[]): Promise<string> {
  const unread: string[] = [];
  for (const file of stateDirectories.map((folder) => join(folder, RELEASES_FILE))) {
    const releases = await readReleases(file).catch((error: unknown) => {
      unread.push(`${file} (${unreadable(error)})`);
      return undefined;
    });
    if (releases !== undefined) requireNotOlder(model, releases, file);
  }
  const note = unread.length === 0 ? "" : ` (not compared with ${unread.join(", ")}, which cannot be read)`;
  return `, release ${model.release ?? 0}${note}`;
}

/** Runs a trial once and shares its result. */
function tryOnce(trial: () => Promise<string>): () => Promise<string> {
  let result: Promise<string> | undefined;
  return () => {
    result ??= trial();
    return result;
  };
}
