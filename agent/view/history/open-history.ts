import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { errorCode } from "../../base/error-code.ts";
import type { Log } from "../../base/log.ts";
import type { Outcome } from "../../outcome.ts";
import type {
  EventCount,
  ListedEvents,
  ListQuery,
  Period,
  StepCount,
  StepsQuery,
} from "../../state/history-queries.ts";
import { type HistoryLimits, keepWithinLimits } from "../../state/history-retention.ts";
import { StoreError } from "../../state/message-store.ts";
import type { PastEvent } from "../../state/past-event.ts";
import { pictureFolder } from "../../state/picture-folder.ts";
import { resilientHistory } from "../../state/resilient-history.ts";
import { eventRecorder, type Recorded, type RecordedCamera } from "./recorder.ts";

/** The events of all cameras, from their start; they outlive a restart. Queries throw StoreError if the disk fails. */
export interface History extends AsyncDisposable {
  /** Takes the outcome of a frame. Its pixels are no longer needed when this returns. Never fails. */
  record(camera: string, outcome: Outcome): void;
  /** Events that go on are as they are now. */
  list(query: ListQuery): Promise<ShownEvents>;
  find(id: string): Promise<ShownEvent | undefined>;
  /** For each period, the numbers of events that started in it. */
  count(periods: readonly Period[]): Promise<readonly (readonly EventCount[])[]>;
  countSteps(query: StepsQuery): Promise<readonly StepCount[]>;
  /** The frame in which the object was seen best, JPEG; undefined if none is stored. */
  picture(id: string): Promise<Uint8Array | undefined>;
}

/** An event, and whether it has a picture. The picture of an event in progress is in memory. */
export interface ShownEvent extends PastEvent {
  readonly hasPicture: boolean;
}

export interface ShownEvents extends ListedEvents {
  readonly events: readonly ShownEvent[];
}

export interface HistoryOptions extends HistoryLimits {
  /** Folder for data that survives restarts. */
  readonly stateDirectory: string;
  /** The settings in force. */
  readonly cameras: () => readonly RecordedCamera[];
  readonly clock: Clock;
  readonly log: Log;
}

const FOLDER = "history";
/** The reason of an event that an earlier process left open. */
const CRASH = "crash";

/** Opens the history in the state folder. A history that cannot be used does not stop the agent. */
export async function openHistory(options: HistoryOptions): Promise<History> {
  const { stateDirectory, cameras, clock, log } = options;
  const directory = join(stateDirectory, FOLDER);
  await using stack = new AsyncDisposableStack();
  const closing = new AbortController();
  const { signal } = closing;
  const stored = stack.use(resilientHistory(directory, { clock, log }));
  const pictures = pictureFolder(directory);
  const recorder = eventRecorder(cameras, (recorded) => run(save(recorded)));
  const tasks = new Set<Promise<void>>();
  let pictureBytes = 0;

  /** Runs work in the background. Leaving the scope waits for it. */
  function run(work: Promise<void>): void {
    const task = work.finally(() => tasks.delete(task));
    tasks.add(task);
  }

  async function save({ event, picture }: Recorded): Promise<void> {
    const jpeg = await picture;
    const isStored = jpeg !== undefined && (await tolerated(pictures.write(event.id, jpeg)));
    await stored.save(isStored ? { ...event, pictureBytes: jpeg.byteLength } : event);
    if (isStored) pictureBytes += jpeg.byteLength;
  }

  /** The first failure and the recovery are reported for the database, which is on the same disk. */
  async function tolerated(work: Promise<void>): Promise<boolean> {
    return work.then(
      () => true,
      (error: unknown) => {
        if (errorCode(error) === undefined) throw error;
        return false;
      },
    );
  }

  async function cleanPictures(): Promise<void> {
    try {
      pictureBytes += await pictures.clean((id) => stored.use((store) => store.has(id)));
    } catch (error) {
      if (errorCode(error) === undefined && !(error instanceof StoreError)) throw error;
    }
  }

  async function removePictures(removed: readonly { readonly id: string; readonly pictureBytes: number }[]) {
    for (const event of removed.filter(({ pictureBytes }) => pictureBytes > 0)) {
      await tolerated(pictures.remove(event.id));
      pictureBytes = Math.max(0, pictureBytes - event.pictureBytes);
    }
  }

  /** An event in progress is shown in its current state. An event that an earlier process left open ended with that process. */
  function asNow(event: PastEvent): ShownEvent {
    const open = recorder.openEvent(event.id);
    if (open !== undefined) return { ...open, hasPicture: recorder.openPicture(event.id) !== undefined };
    const hasPicture = event.pictureBytes > 0;
    return { ...event, reason: event.endMs === null ? CRASH : event.reason, hasPicture };
  }

  stack.defer(async () => {
    closing.abort();
    await Promise.all(tasks);
  });
  run(
    cleanPictures().then(() =>
      keepWithinLimits(options, {
        history: stored,
        pictureBytes: () => pictureBytes,
        open: recorder.openIds,
        onRemoved: removePictures,
        clock,
        signal,
      }),
    ),
  );
  const parts = stack.move();
  return {
    record: recorder.see,
    async list(query) {
      const { events, next } = await stored.use((store) => store.list(query));
      return { events: events.map(asNow), next };
    },
    async find(id) {
      const event = await stored.use((store) => store.find(id));
      return event && asNow(event);
    },
    async count(periods) {
      const counts: (readonly EventCount[])[] = [];
      // One by one, so that a long history does not block the cameras.
      for (const period of periods) counts.push(await stored.use((store) => store.count(period)));
      return counts;
    },
    countSteps: (query) => stored.use((store) => store.countSteps(query)),
    picture: async (id) => (await recorder.openPicture(id)) ?? pictures.read(id),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
