import type { Clock } from "../../base/clock.ts";
import { ConfigError } from "../../base/errors.ts";
import { startFfmpeg } from "../../camera/ffmpeg.ts";
import type { AgentConfig } from "../../config/schema.ts";
import type { Finding } from "./finding.ts";
import type { RunningAgent } from "./running-agent.ts";
import { tryBroker } from "./try-broker.ts";
import { tryCamera } from "./try-camera.ts";
import { tryFolder, type UsedFolder } from "./try-folder.ts";
import { tryModel } from "./try-model.ts";
import { tryPort } from "./try-port.ts";
import { tryState } from "./try-state.ts";
import type { UnitFolders } from "./unit-folders.ts";

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
  /** The folder in which the agent keeps its state. */
  readonly stateDirectory: string;
  /** Folders in which an agent with this configuration may keep its state. */
  readonly stateDirectories: readonly string[];
  /** The agents that run on this machine. */
  readonly agents: readonly RunningAgent[];
  /** The rules of the systemd unit, if the agent runs as a service with this configuration. */
  readonly unit: UnitFolders | undefined;
}

/** All components that a configuration needs, in the order in which a frame passes them. */
export function partsOf(config: AgentConfig, trials: Trials): Part[] {
  const cameras = config.cameras.filter(({ enabled }) => enabled);
  const { agents, unit, signal } = trials;
  const ffmpeg = tryOnce(() => tryFfmpeg(trials));
  // A trial creates a missing folder, and those above it, and removes them again: another one must not use them meanwhile.
  const afterOtherFolders = oneAfterTheOther();
  const state: UsedFolder = { path: trials.stateDirectory, key: "state_dir" };
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
    { name: "broker", trial: () => tryBroker({ ...config, cameras }, trials) },
    { name: "model", trial: () => tryModel(config, cameras, trials.stateDirectories) },
    { name: "state", trial: () => afterOtherFolders(() => tryState(state, agents, unit)) },
    ...cameras.flatMap(({ name, snapshots: { directory: path } }) => {
      if (path === undefined) return [];
      const key = `cameras.${name}.snapshots.directory`;
      const trial = () => afterOtherFolders(() => tryFolder({ path, key }, unit));
      return [{ name: `snapshots ${name}`, trial }];
    }),
    ...(["metrics", "view"] as const)
      .filter((section) => config[section].enabled)
      .map((section) => ({
        name: section,
        trial: inWords(() => {
          const { host, port } = config[section];
          return tryPort({ section, host, port }, agents, signal);
        }),
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

/** Runs each trial when those before it have ended. */
function oneAfterTheOther(): (trial: () => Promise<Finding>) => Promise<Finding> {
  let last: Promise<unknown> = Promise.resolve();
  return (trial) => {
    const result = last.then(trial);
    last = result.catch(() => {});
    return result;
  };
}

/** Runs a trial once and shares its result. */
function tryOnce(trial: () => Promise<string>): () => Promise<string> {
  let result: Promise<string> | undefined;
  return () => {
    result ??= trial();
    return result;
  };
}
