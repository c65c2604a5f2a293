import { join } from "node:path";
import { chooseModule, openReplaceable, type ReplaceableDetector } from "../detectors/detector.ts";
import type { Log } from "./base/log.ts";
import type { CurrentCameras } from "./config/current-cameras.ts";
import type { AgentConfig } from "./config/schema.ts";
import { detectorOptions, requireKnownLabels } from "./detector-for-cameras.ts";
import type { CameraStates } from "./health/camera-states.ts";
import { openReleaseHistory, RELEASES_FILE } from "./state/releases.ts";

/** The configured detector. Leaving the scope stops it. */
export interface ConfiguredDetector extends AsyncDisposable {
  readonly detector: ReplaceableDetector;
  /** The module to run now: the configured one, or the best of its variants. @throws ModelError */
  modulePath(): string;
}

export interface OpenDetectorOptions {
  readonly cameras: CurrentCameras;
  readonly stateDirectory: string;
  readonly log: Log;
  readonly onState: CameraStates["setDetectorState"];
}

/**
 * Opens the configured module, and refuses modules without the tracked labels, or, with `model.public_key`, of an older release.
 * @throws ConfigError, ModelError
 */
export async function openDetector(
  config: AgentConfig,
  { cameras, stateDirectory, log, onState }: OpenDetectorOptions,
): Promise<ConfiguredDetector> {
  const choose = () => chooseModule(config.model.path, config.model);
  const { path, why } = choose();
  if (why !== undefined) log.info({ module: path }, `the model is ${why}`);
  await using stack = new AsyncDisposableStack();
  const hasReleases = config.model.public_key !== undefined;
  const releases = stack.use(
    hasReleases ? openReleaseHistory(join(stateDirectory, RELEASES_FILE), log) : undefined,
  );
  const detector = stack.use(
    await openReplaceable(path, {
      ...detectorOptions(config, cameras.all(), log),
      async accept(model) {
        requireKnownLabels(cameras.all(), model);
        await releases?.requireNotOlder(model);
      },
      onAccepted: (model) => releases?.record(model),
      onWithdrawn: (failed, current) => releases?.revert(failed, current),
      onState,
    }),
  );
  const opened = stack.move();
  return {
    detector,
    modulePath: () => choose().path,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
