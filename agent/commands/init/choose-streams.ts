import { ConfigError, TransientError } from "../../base/errors.ts";
import { fittingStream, type TriedStream } from "../../camera/try-stream.ts";
import { CODEC_NAMES, FAR_APART } from "../shared/stream-words.ts";
import type { FirstCamera } from "./first-config.ts";
import type { CameraStreams } from "./flags.ts";

/** Input size of a small model: a stream with fewer pixels gives it less detail than it can use. */
const SUFFICIENT_SIZE = { width: 640, height: 384 };

/** What to do with a camera if none of its streams works; `addresses`: use these instead. */
export type CameraAnswer = "again" | "keep" | "leave out" | { readonly addresses: readonly string[] };

export interface StreamTrial {
  /** Tries a stream. Rejects with ConfigError or TransientError. */
  readonly attempt: (name: string, address: string) => Promise<TriedStream>;
  /** Asks the user after a failure; undefined without a terminal. */
  readonly ask: ((camera: CameraStreams) => Promise<CameraAnswer>) | undefined;
  readonly note: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Tries all streams, one session per camera at a time, and chooses the most suitable one of each camera. If none of a
 * camera's streams works, the user is asked for other answers; without a terminal, the camera keeps its first address.
 */
export async function chooseStreams(
  cameras: readonly CameraStreams[],
  trial: StreamTrial,
): Promise<readonly FirstCamera[]> {
  const tried = await Promise.all(
    cameras.map(async (camera) => ({ camera, chosen: await bestStream(camera, trial) })),
  );
  const first: FirstCamera[] = [];
  for (const { camera, chosen } of tried) {
    const final = chosen ?? (await secondChance(camera, trial));
    if (final !== undefined) first.push(final);
  }
  return first;
}

/** Undefined: the camera is left out. */
async function secondChance(failed: CameraStreams, trial: StreamTrial): Promise<FirstCamera | undefined> {
  let camera = failed;
  for (;;) {
    const isOver = trial.ask === undefined || trial.signal.aborted;
    const answer = isOver ? "keep" : await trial.ask(camera);
    if (answer === "leave out") return undefined;
    if (answer === "keep") return { name: camera.name, address: camera.addresses[0] ?? "" };
    if (answer !== "again") camera = { ...camera, ...answer };
    const chosen = await bestStream(camera, trial);
    if (chosen !== undefined) return chosen;
  }
}

async function bestStream(
  { name, addresses }: CameraStreams,
  { attempt, note, signal }: StreamTrial,
): Promise<FirstCamera | undefined> {
  const tried: TriedStream[] = [];
  for (const address of addresses) {
    try {
      const stream = await attempt(name, address);
      tried.push(stream);
      note(`✓ ${name}: ${streamWords(stream)}`);
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof ConfigError) && !(error instanceof TransientError)) throw error;
      note(`✗ ${error.message}\n  → ${error.remedy}`);
    }
  }
  const fitting = fittingStream(tried, SUFFICIENT_SIZE);
  if (fitting === undefined) return undefined;
  return { name, address: fitting.address, size: { width: fitting.width, height: fitting.height } };
}

/** `640×480 H.264, 15 fps`, followed by a warning if the stream costs more than it must. */
function streamWords({ width, height, codec, fps, areKeysFarApart }: TriedStream): string {
  const words = `${width}×${height} ${CODEC_NAMES[codec]}${fps === undefined ? "" : `, ${fps} fps`}`;
  return areKeysFarApart ? `${words}\n  ! ${FAR_APART.message}\n  → ${FAR_APART.remedy}` : words;
}
