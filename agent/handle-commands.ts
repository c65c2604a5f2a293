import type { Clock } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import { throttle } from "./base/throttle.ts";
import {
  type Command,
  commandTopics,
  detectState,
  type InvalidCommand,
  readCommand,
} from "./mqtt/commands.ts";
import type { Subscription } from "./mqtt/connection.ts";
import type { Message } from "./mqtt/message.ts";
import type { Switches } from "./state/switches.ts";

export interface CommandDependencies {
  readonly prefix: string;
  readonly cameras: readonly { readonly name: string }[];
  readonly switches: Switches;
  readonly clock: Clock;
  readonly log: Log;
  /** Where answers go. */
  readonly publish: (message: Message) => void;
  readonly signal: AbortSignal;
}

/** An automation that switches twice waits a second; one gone wild may switch twice a minute. */
const MODERATION = { firstMs: 1_000, longestMs: 30_000 };

/**
 * Does what people ask for at the broker, and says there that it is done: `detect/set` of a camera is answered on
 * `detect/state`, also where nothing changes. Anything else is worth a line in the log. Of a flood only the newest command
 * for each camera counts, now and then.
 */
export function handleCommands(dependencies: CommandDependencies): Subscription {
  const { prefix, switches, log, publish } = dependencies;
  const cameras = dependencies.cameras.map(({ name }) => name);
  const moderation = { ...dependencies, ...MODERATION };

  function obey({ camera, detect }: Command, replaced: number): void {
    if (switches.isDetecting(camera) !== detect) {
      const flood = replaced === 0 ? {} : { replaced };
      log.info({ camera, ...flood }, `detection is switched ${detect ? "on" : "off"}`);
      switches.setDetecting(camera, detect);
    }
    publish(detectState(prefix, camera, detect));
  }

  const obeyFor = new Map(cameras.map((camera) => [camera, throttle(moderation, obey)]));
  const complain = throttle(moderation, ({ problem }: InvalidCommand, replaced) => {
    log.warn(replaced === 0 ? {} : { others: replaced }, `ignored: ${problem}`);
  });
  return {
    topics: commandTopics(prefix, cameras),
    onMessage(topic, payload, retained) {
      const command = readCommand(prefix, cameras, topic, payload, retained);
      if ("problem" in command) complain(command);
      else obeyFor.get(command.camera)?.(command);
    },
    onRefused(reason) {
      log.warn(
        { remedy: `Let the agent subscribe to ${prefix}/+/detect/set at the broker.` },
        `the broker passes no commands on: detection cannot be switched there (${reason})`,
      );
    },
  };
}
