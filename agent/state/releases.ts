import { z } from "zod";
import type { ModelInfo } from "../../detectors/detector.ts";
import { ConfigError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { readJson, unreadable, writeAtomically } from "./small-file.ts";

/** The file's name in the state folder. */
export const RELEASES_FILE = "releases.json";

type Release = Pick<ModelInfo, "name" | "release">;

/**
 * The highest release of each model that has run here. With `model.public_key` a lower one is refused: an old
 * module with its old signature, put back by a stranger, is signed as well as the new one. Leaving its scope waits until all
 * is written.
 */
export interface ReleaseHistory extends AsyncDisposable {
  /** @throws ConfigError when a higher release of this model has run. */
  requireNotOlder(model: ModelInfo): Promise<void>;
  /** Remembers this release if it is the highest of its model so far: for a module that was accepted and runs. */
  remember(model: Release): void;
  /**
   * For a module that failed at its first frame: the release that goes on counts as the highest again, so that its owner can
   * put it back on disk. It was not too old when it was accepted, and what ran since has failed.
   */
  goBack(failed: Release, goesOn: Release): void;
}

/** Bounds the file; a camera sees few models in its life. A name has 200 characters, of two UTF-16 units at most. */
const MOST_MODELS = 1000;
const ReleasesFile = z.object({
  models: z.array(z.object({ name: z.string().min(1).max(400), release: z.int().min(0) })).max(MOST_MODELS),
});

/** By the model's name. A list in the file, so that no name is special as a key. */
type Releases = ReadonlyMap<string, number>;

/**
 * Opens the memory.
 *
 * The file is read anew each time, so that an owner who deletes it is obeyed at once. A damaged one is worth a warning and
 * no more: who can write there could delete it as well, so refusing to start would protect nothing, and a disk's fault would
 * blind the cameras.
 * @param file made when a release above 0 is remembered, its folder included
 */
export function openReleaseHistory(file: string, log: Log): ReleaseHistory {
  let written: Promise<void> = Promise.resolve();

  /** @param isWanted whether the release shall replace the highest one so far; always where the file is damaged. */
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
        `release ${release} of ${name} is not remembered: cannot write ${file} (${unreadable(error)})`,
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
          `which releases have run is not known: cannot read ${file} (${unreadable(error)})`,
        );
        return;
      }
      requireNotOlder(model, releases, file);
    },
    remember(model) {
      const { release = 0 } = model;
      const isHigher = (highest: number) => release > highest;
      const done = "the release is remembered: a lower one of this model is refused";
      written = written.then(() => write(model, isHigher, done));
    },
    goBack(failed, goesOn) {
      if (failed.name !== goesOn.name) return;
      const { release = 0 } = goesOn;
      const isLower = (highest: number) => release < highest;
      written = written.then(() => write(goesOn, isLower, "the release before counts as the highest again"));
    },
    [Symbol.asyncDispose]: () => written,
  };
}

/**
 * Reads the file; where there is none, nothing has run.
 * @throws what `unreadable` puts into words
 */
export async function readReleases(file: string): Promise<Releases> {
  const { models } = (await readJson(file, ReleasesFile)) ?? { models: [] };
  const releases = new Map<string, number>();
  for (const { name, release } of models) releases.set(name, Math.max(release, releases.get(name) ?? 0));
  return releases;
}

/**
 * @param file where `releases` was read
 * @throws ConfigError when a higher release of this model has run.
 */
export function requireNotOlder(
  { name, release = 0, sha256 }: Pick<ModelInfo, "name" | "release" | "sha256">,
  releases: Releases,
  file: string,
): void {
  const highest = releases.get(name);
  if (highest === undefined && releases.size >= MOST_MODELS) {
    throw new ConfigError(
      `${file} remembers the releases of ${releases.size} models, which is as many as it can; ${name} is not one of them`,
      `Delete ${file}; then the releases that run from now on are remembered.`,
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
