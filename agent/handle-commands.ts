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
  /** Publishes the answers. */
  readonly publish: (message: Message) => void;
  readonly signal: AbortSignal;
}

/** The second command of an automation waits a second; a faulty one that repeats commands switches twice a minute. */
const THROTTLE = { firstMs: 1_000, longestMs: 30_000 };

/**
 * Handles commands from the broker: `detect/set` of a camera switches its detection and is answered on `detect/state`, even
 * if nothing changes. Invalid commands are logged. Commands are throttled; of a flood, only the newest command for each
 * camera is executed.
 */
export function handleCommands(dependencies: CommandDependencies): Subscription {
  const { prefix, switches, log, publish } = dependencies;
  const cameras = dependencies.cameras.map(({ name }) => name);
  const throttling = { ...dependencies, ...THROTTLE };

  function execute({ camera, detect }: Command, replaced: number): void {
    if (switches.isDetecting(camera) !== detect) {
      const flood = replaced === 0 ? {} : { replaced };
      log.info({ camera, ...flood }, `detection is switched ${detect ? "on" : "off"}`);
      switches.setDetecting(camera, detect);
    }
    publish(detectState(prefix, camera, detect));
  }

  const executors = new Map(cameras.map((camera) => [camera, throttle(throttling, execute)]));
  const reportInvalid = throttle(throttling, ({ problem }: InvalidCommand, replaced) => {
    log.warn(replaced === 0 ? {} : { others: replaced }, `ignored: ${problem}`);
  });
  return {
    topics: commandTopics(prefix, cameras),
    onMessage(topic, payload, retained) {
      const command = readCommand(prefix, cameras, topic, payload, retained);
      if ("problem" in command) reportInvalid(command);
      else executors.get(command.camera)?.(command);
    },
    onRefused(reason) {
      log.warn(
        { remedy: `Let the agent subscribe to ${prefix}/+/detect/set at the broker.` },
        `the broker refuses the subscription to commands: detection cannot be switched over MQTT (${reason})`,
      );
    },
  };
}
