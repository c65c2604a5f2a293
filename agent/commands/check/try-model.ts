import { join } from "node:path";
import { chooseModule, DetectorFault, type ModelInfo, openDetector } from "../../../detectors/detector.ts";
import { ConfigError } from "../../base/errors.ts";
import { silentLog } from "../../base/log.ts";
import type { AgentConfig, CameraConfig } from "../../config/schema.ts";
import { detectorOptions, requireKnownLabels } from "../../detector-for-cameras.ts";
import { unreadable } from "../../state/json-file.ts";
import { RELEASES_FILE, readReleases, requireNotOlder } from "../../state/releases.ts";
import type { Advice, Finding } from "./finding.ts";

/** The first inferences are slow: the engine has not optimised the code yet. */
const WARM_UP = 3;
const MEASURED = 3;

/**
 * Loads the detector as `run` does, and compares its speed with the rate that the cameras ask for.
 * @param cameras those that are enabled
 * @param stateDirectories folders in which an agent with this configuration may keep its state
 * @throws ConfigError or ModelError
 */
export async function tryModel(
  config: AgentConfig,
  cameras: readonly CameraConfig[],
  stateDirectories: readonly string[],
): Promise<Finding> {
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
): Promise<Finding> {
  const options = detectorOptions(config, cameras, silentLog());
  await using detector = await openDetector(path, { ...options, instances: 1 });
  const { name, input, precision, labels, licence } = detector.model;
  requireKnownLabels(cameras, detector.model);
  const release =
    config.model.public_key === undefined ? "" : await tryRelease(detector.model, stateDirectories);
  const grey = new Uint8Array(input.width * input.height * 3).fill(114);
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < WARM_UP + MEASURED; turn++) {
    const { inferenceMs } = await detector.detect(grey, { score: 0.5, iou: 0.45 });
    if (turn >= WARM_UP) fastestMs = Math.min(fastestMs, inferenceMs);
  }
  const requestedFps = cameras.reduce((sum, { detect }) => sum + detect.fps, 0);
  const choice = why === undefined ? "" : ` (${why})`;
  const model = `${name} ${input.width}×${input.height} ${precision}${choice}${release}, licence ${licence}, ${labels.length} labels`;
  return {
    words: `${model}, ${fastestMs.toFixed(0)} ms per inference in ${detector.runtime}`,
    ...paceOf({ inferenceMs: fastestMs, instances: options.instances, requestedFps }),
  };
}

interface Pace {
  /** Milliseconds. */
  readonly inferenceMs: number;
  readonly instances: number;
  /** The sum of the rates of all cameras, frames per second. */
  readonly requestedFps: number;
}

/** Compares the speed of a detector with the rate that the cameras ask for while all of them see motion. */
export function paceOf({
  inferenceMs,
  instances,
  requestedFps,
}: Pace): Required<Pick<Finding, "details" | "advice" | "facts">> {
  const possibleFps = (1000 * instances) / inferenceMs;
  const share = requestedFps / possibleFps;
  const asked = `the cameras ask for ${rate(requestedFps)} frames per second`;
  const able = `${instances === 1 ? "the detector examines" : `${instances} instances examine`} up to ${rate(possibleFps)}`;
  return {
    details: [`${asked} while all of them see motion; ${able}`],
    advice: share <= 1 ? [] : [tooSlow(requestedFps, possibleFps)],
    facts: {
      speed: {
        inference_ms: Number(inferenceMs.toFixed(1)),
        instances,
        requested_fps: requestedFps,
        possible_fps: Number(possibleFps.toFixed(1)),
      },
    },
  };
}

function tooSlow(requestedFps: number, possibleFps: number): Advice {
  return {
    message: `the detector is too slow for all cameras at once: it examines ${rate(possibleFps)} of ${rate(requestedFps)} frames per second, and the agent skips the others`,
    remedy: `Lower detect.fps to ${rate((possibleFps / requestedFps) * 100)} % of its value or less, or use a module with a smaller input or another precision (sabrewing compile --precision i16).`,
  };
}

function rate(fps: number): string {
  return fps < 10 ? String(Number(fps.toFixed(1))) : fps.toFixed(0);
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
