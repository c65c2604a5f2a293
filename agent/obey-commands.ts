import type { Log } from "./base/log.ts";
import { commandTopics, detectState, readCommand } from "./mqtt/commands.ts";
import type { Listening } from "./mqtt/connection.ts";
import type { Message } from "./mqtt/message.ts";
import type { Switches } from "./state/switches.ts";

export interface CommandDependencies {
  readonly prefix: string;
  readonly cameras: readonly { readonly name: string }[];
  readonly switches: Switches;
  readonly log: Log;
  /** Where answers go. */
  readonly publish: (message: Message) => void;
}

/**
 * Does what people ask for at the broker, and says there that it is done: `detect/set` of a camera is answered on
 * `detect/state`, also where nothing changes. Anything else is worth a line in the log.
 */
export function obeyCommands(dependencies: CommandDependencies): Listening {
  const { prefix, switches, log, publish } = dependencies;
  const cameras = dependencies.cameras.map(({ name }) => name);
  return {
    topics: commandTopics(prefix, cameras),
    hear(topic, payload, retained) {
      const command = readCommand(prefix, cameras, topic, payload, retained);
      if ("problem" in command) {
        log.warn(`ignored: ${command.problem}`);
        return;
      }
      const { camera, detect } = command;
      if (switches.isDetecting(camera) !== detect) {
        log.info({ camera }, `detection is switched ${detect ? "on" : "off"}`);
        switches.setDetecting(camera, detect);
      }
      publish(detectState(prefix, camera, detect));
    },
    refused(reason) {
      log.warn(
        { remedy: `Let the agent subscribe to ${prefix}/+/detect/set at the broker.` },
        `the broker passes no commands on: detection cannot be switched there (${reason})`,
      );
    },
  };
}
