import { z } from "zod";
import type { Clock } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import { throttle } from "./base/throttle.ts";
import { writeAtomically } from "./base/write-atomically.ts";
import type { Subscription } from "./mqtt/connection.ts";
import { type Announced, announce, type DiscoveryInput, homeStatusTopic } from "./mqtt/discovery.ts";
import type { Message } from "./mqtt/message.ts";
import { readJson, unreadable } from "./state/json-file.ts";

export interface HomeDependencies {
  /** Records the announced entities, so that they can be removed later. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly publish: (message: Message) => void;
  readonly signal: AbortSignal;
}

/** The announcement to Home Assistant. */
export interface Home {
  /** Publishes all entities; the broker retains them. */
  announce(): void;
  /** Announces changed settings of the cameras, and removes entities that no longer exist. */
  update(cameras: DiscoveryInput["cameras"]): Promise<void>;
  /** Publishes them again whenever Home Assistant has started. Has no topics if discovery is off. */
  readonly subscription: Subscription;
}

/** Limits the answers to a client that floods the agent with birth messages. */
const THROTTLE = { firstMs: 1_000, longestMs: 60_000 };

const AnnouncedFile = z.record(z.string(), z.record(z.string(), z.string()));

/** Prepares the announcement. It removes entities that earlier runs announced and that no longer exist. */
export async function openHome(input: DiscoveryInput, dependencies: HomeDependencies): Promise<Home> {
  const { file, log, publish } = dependencies;
  const before = await readAnnounced(file, log);
  let { messages, announced } = announce(input, before);
  if (JSON.stringify(announced) !== JSON.stringify(before)) await remember(file, announced, log);

  const status = homeStatusTopic(input.homeassistant);
  const announceAgain = throttle<void>({ ...dependencies, ...THROTTLE }, () => {
    log.info("Home Assistant has started: announcing the cameras again");
    // A Home Assistant that has just started knows no removed devices, and would log a warning for each.
    messages.filter(({ payload }) => payload !== "").forEach(publish);
  });
  return {
    announce: () => messages.forEach(publish),
    async update(cameras) {
      const earlier = announced;
      ({ messages, announced } = announce({ ...input, cameras }, earlier));
      if (JSON.stringify(announced) !== JSON.stringify(earlier)) await remember(file, announced, log);
      messages.forEach(publish);
    },
    subscription: {
      topics: input.homeassistant.enabled ? [status] : [],
      onMessage(_topic, payload) {
        if (Buffer.from(payload).toString("utf8") === "online") announceAgain();
      },
      onRefused(reason) {
        log.warn(
          { remedy: `Let the agent subscribe to ${status} at the broker.` },
          `cannot detect the start of Home Assistant; the broker retains the announcements (${reason})`,
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
      { remedy: "Delete devices and entities that no longer exist in Home Assistant." },
      `the record of announcements to Home Assistant is lost: cannot read ${file} (${unreadable(error)})`,
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
      `the announcements to Home Assistant cannot be removed later: cannot write ${file} (${unreadable(error)})`,
    );
  }
}
