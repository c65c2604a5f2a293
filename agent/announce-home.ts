import { z } from "zod";
import type { Clock } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import { throttle } from "./base/throttle.ts";
import type { Subscription } from "./mqtt/connection.ts";
import { type Announced, announce, type DiscoveryInput, homeStatusTopic } from "./mqtt/discovery.ts";
import type { Message } from "./mqtt/message.ts";
import { readJson, unreadable, writeAtomically } from "./state/small-file.ts";

export interface HomeDependencies {
  /** Where it is remembered what was announced, so that it can be taken back. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly publish: (message: Message) => void;
  readonly signal: AbortSignal;
}

/** What Home Assistant is told, and when. */
export interface Home {
  /** Tells everything; the broker keeps it. */
  announce(): void;
  /** Tells it again whenever Home Assistant has started. Without topics where nothing is announced. */
  readonly subscription: Subscription;
}

/** Nobody starts a Home Assistant more often; whoever says so all the time is not answered each time. */
const MODERATION = { firstMs: 1_000, longestMs: 60_000 };

const AnnouncedFile = z.record(z.string(), z.record(z.string(), z.string()));

/** Prepares what Home Assistant is to know; what earlier runs announced and is no more is taken back. */
export async function openHome(input: DiscoveryInput, dependencies: HomeDependencies): Promise<Home> {
  const { file, log, publish } = dependencies;
  const before = await readAnnounced(file, log);
  const { messages, announced } = announce(input, before);
  if (JSON.stringify(announced) !== JSON.stringify(before)) await remember(file, announced, log);

  const status = homeStatusTopic(input.homeassistant);
  const announceAgain = throttle<void>({ ...dependencies, ...MODERATION }, () => {
    log.info("Home Assistant has started: announcing the cameras again");
    // One that has just started knows nothing that could be taken back, and warns of the attempt.
    messages.filter(({ payload }) => payload !== "").forEach(publish);
  });
  return {
    announce: () => messages.forEach(publish),
    subscription: {
      topics: input.homeassistant.enabled ? [status] : [],
      onMessage(_topic, payload) {
        if (Buffer.from(payload).toString("utf8") === "online") announceAgain();
      },
      onRefused(reason) {
        log.warn(
          { remedy: `Let the agent subscribe to ${status} at the broker.` },
          `not told when Home Assistant starts; the broker keeps the announcements for it (${reason})`,
        );
      },
    },
  };
}

async function readAnnounced(file: string, log: Log): Promise<Announced> {
  try {
    return (await readJson(file, AnnouncedFile)) ?? {};
  } catch (error) {
    log.warn(
      { remedy: "Delete in Home Assistant what is no more." },
      `what was announced to Home Assistant before is forgotten: cannot read ${file} (${unreadable(error)})`,
    );
    return {};
  }
}

async function remember(file: string, announced: Announced, log: Log): Promise<void> {
  try {
    await writeAtomically(file, `${JSON.stringify(announced)}\n`);
  } catch (error) {
    log.warn(
      { remedy: "Let the user that runs sabrewing write there, or set state_dir to another folder." },
      `what is announced to Home Assistant cannot be taken back later: cannot write ${file} (${unreadable(error)})`,
    );
  }
}
