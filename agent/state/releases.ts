import { z } from "zod";
import type { ModelInfo } from "../../detectors/detector.ts";
import { ConfigError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { writeAtomically } from "../base/write-atomically.ts";
import { readJson, unreadable } from "./json-file.ts";

/** The file's name in the state folder. */
export const RELEASES_FILE = "releases.json";

type Release = Pick<ModelInfo, "name" | "release">;

/**
 * Records the highest release of each model that has run here. With `model.public_key` a lower release is refused: the
 * signature of an old module, put back by an attacker, is as valid as that of the new one. Disposing of it waits for all
 * writes.
 */
export interface ReleaseHistory extends AsyncDisposable {
  /** @throws ConfigError if a higher release of this model has run. */
  requireNotOlder(model: ModelInfo): Promise<void>;
  /** Records the release of a module that was accepted and runs, if it is the highest of its model so far. */
  record(model: Release): void;
  /**
   * Records the release that continues to run as the highest again after a newer module failed at its first frame. Otherwise
   * its owner could not put it back on disk.
   */
  revert(failed: Release, current: Release): void;
}

/** Limits the size of the file. A name has at most 200 characters, which are at most 400 UTF-16 units. */
const MOST_MODELS = 1000;
const ReleasesFile = z.object({
  models: z.array(z.object({ name: z.string().min(1).max(400), release: z.int().min(0) })).max(MOST_MODELS),
});

/** The highest release by model name. The file contains a list, so that no name has a special meaning as a key. */
type Releases = ReadonlyMap<string, number>;

/**
 * Opens the history.
 *
 * The file is read again each time, so that deleting it takes effect immediately. A damaged file only causes a warning: an
 * attacker who can write to it could also delete it, so that refusing to start would protect nothing, and a disk error would
 * stop detection.
 * @param file created, with its folder, when a release above 0 is recorded
 */
export function openReleaseHistory(file: string, log: Log): ReleaseHistory {
  let written: Promise<void> = Promise.resolve();

  /** @param isWanted whether the release replaces the highest one so far; not called if the file is damaged. */
  async function write(
    { name, release = 0 }: Release,
    isWanted: (highest: number) => boolean,
    done: string,
  ): Promise<void> {
    try {
      const before = await readReleases(file).catch((error: unknown) => {
        if (isDamaged(error)) return undefined;
        throw error;
      });
      if (before !== undefined && !isWanted(before.get(name) ?? 0)) return;
      const releases = new Map([...(before ?? []), [name, release]]);
      const models = [...releases].map(([name, release]) => ({ name, release }));
      await writeAtomically(file, `${JSON.stringify({ models })}\n`);
      log.info({ model: name, release }, done);
    } catch (error) {
      log.warn(
        {
          remedy:
            "Let the user that runs sabrewing read and write there, or set state_dir to another folder.",
        },
        `release ${release} of ${name} is not recorded: cannot write ${file} (${unreadable(error)})`,
      );
    }
  }

  return {
    async requireNotOlder(model) {
      await written;
      let releases: Releases;
      try {
        releases = await readReleases(file);
      } catch (error) {
        log.warn(
          { remedy: "Check with sabrewing inspect that the module is the newest." },
          `cannot check the release of the module: cannot read ${file} (${unreadable(error)})`,
        );
        return;
      }
      requireNotOlder(model, releases, file);
    },
    record(model) {
      const { release = 0 } = model;
      const isHigher = (highest: number) => release > highest;
      const done = "the release is recorded: lower releases of this model are refused";
      written = written.then(() => write(model, isHigher, done));
    },
    revert(failed, current) {
      if (failed.name !== current.name) return;
      const { release = 0 } = current;
      const isLower = (highest: number) => release < highest;
      written = written.then(() =>
        write(current, isLower, "the previous release counts as the highest again"),
      );
    },
    [Symbol.asyncDispose]: () => written,
  };
}

/**
 * Reads the file. If it does not exist, no release has run.
 * @throws an error that `unreadable` describes
 */
export async function readReleases(file: string): Promise<Releases> {
  const { models } = (await readJson(file, ReleasesFile)) ?? { models: [] };
  const releases = new Map<string, number>();
  for (const { name, release } of models) releases.set(name, Math.max(release, releases.get(name) ?? 0));
  return releases;
}

/**
 * Checks a model against the releases that have run.
 * @param file the source of `releases`
 * @throws ConfigError if a higher release of this model has run.
 */
export function requireNotOlder(
  { name, release = 0, sha256 }: Pick<ModelInfo, "name" | "release" | "sha256">,
  releases: Releases,
  file: string,
): void {
  const highest = releases.get(name);
  if (highest === undefined && releases.size >= MOST_MODELS) {
    throw new ConfigError(
      `${file} is full: it contains the releases of ${releases.size} models, and ${name} is not one of them`,
      `Delete ${file}; the agent then records the releases that run from now on.`,
    );
  }
  if (highest === undefined || release >= highest) return;
  throw new ConfigError(
    `the module ${name} (SHA-256 ${sha256.slice(0, 12)}…) is release ${release}, and release ${highest} has run here: expected ${highest} or higher`,
    `Put the newer module back, or compile and sign this one again with --release ${highest + 1}. ` +
      `To go back on purpose, delete ${file} and start the agent again (or send it SIGHUP).`,
  );
}

function isDamaged(error: unknown): boolean {
  return error instanceof z.ZodError || error instanceof SyntaxError;
}
