import type { Clock } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import { throttle } from "./base/throttle.ts";
import {
  type Command,
  commandTopics,
  type InvalidCommand,
  readCommand,
  switchState,
} from "./mqtt/commands.ts";
import type { Subscription } from "./mqtt/connection.ts";
import type { Message } from "./mqtt/message.ts";
import { SWITCHES, type Switches, type SwitchName } from "./state/switches.ts";

export interface CommandDependencies {
  readonly prefix: string;
  readonly cameras: readonly { readonly name: string }[];
  readonly switches: Pick<Switches, "isOn" | "isConfigured" | "set">;
  readonly clock: Clock;
  readonly log: Log;
  /** Publishes the answers. */
  readonly publish: (message: Message) => void;
  readonly signal: AbortSignal;
}

/** The second command of an automation waits a second; a faulty one that repeats commands switches twice a minute. */
const THROTTLE = { firstMs: 1_000, longestMs: 30_000 };

/** Switches in log lines. */
const WORDS: Readonly<Record<SwitchName, string>> = {
  enabled: "the camera is",
  detect: "detection is",
  motion: "motion detection is",
  snapshots: "snapshots are",
};

/**
 * Publishes the states of all switches, and handles commands from the broker: `<switch>/set` of a camera sets it and is
 * answered on `<switch>/state`, even if nothing changes or the command is refused. Refused and invalid commands are logged.
 * Commands are throttled; of a flood, only the newest command for each switch is executed.
 */
export function handleCommands(dependencies: CommandDependencies): Subscription {
  const { prefix, switches, log, publish } = dependencies;
  const cameras = dependencies.cameras.map(({ name }) => name);
  const throttling = { ...dependencies, ...THROTTLE };
  const publishState = (camera: string, name: SwitchName) =>
    publish(switchState(prefix, camera, name, switches.isOn(camera, name)));

  function execute(command: Command, replaced: number): void {
    const { camera, name, on } = command;
    const refused = refusal(command, switches);
    if (refused !== undefined) log.warn({ camera, remedy: refused.remedy }, `ignored: ${refused.problem}`);
    else if (switches.isOn(camera, name) !== on) {
      const flood = replaced === 0 ? {} : { replaced };
      log.info({ camera, ...flood }, `${WORDS[name]} switched ${on ? "on" : "off"}`);
      switches.set(camera, name, on);
    }
    publishState(camera, name);
    if (lacksMotion(camera, switches)) execute({ camera, name: "motion", on: true }, 0);
  }

  for (const camera of cameras) {
    // The configuration may have switched detection on again since the last run.
    if (lacksMotion(camera, switches)) switches.set(camera, "motion", true);
    for (const name of SWITCHES) publishState(camera, name);
  }
  const executors = new Map(
    commandTopics(prefix, cameras).map((topic) => [topic, throttle(throttling, execute)]),
  );
  const reportInvalid = throttle(throttling, ({ problem }: InvalidCommand, replaced) => {
    log.warn(replaced === 0 ? {} : { others: replaced }, `ignored: ${problem}`);
  });
  return {
    topics: commandTopics(prefix, cameras),
    onMessage(topic, payload, retained) {
      const command = readCommand(prefix, cameras, topic, payload, retained);
      if ("problem" in command) reportInvalid(command);
      else executors.get(topic)?.(command);
    },
    onRefused(reason) {
      log.warn(
        { remedy: `Let the agent subscribe to ${prefix}/+/+/set at the broker.` },
        `the broker refuses the subscription to commands: nothing can be switched over MQTT (${reason})`,
      );
    },
  };
}

/** Whether motion detection is switched off although detection is on: the detector would run on every frame. */
function lacksMotion(camera: string, switches: CommandDependencies["switches"]): boolean {
  const isOff = switches.isConfigured(camera, "motion") && !switches.isOn(camera, "motion");
  return isOff && switches.isOn(camera, "detect");
}

/** The reason why a command is not executed, as in Frigate, and the remedy. */
function refusal(
  { camera, name, on }: Command,
  switches: CommandDependencies["switches"],
): { readonly problem: string; readonly remedy: string } | undefined {
  if (!on && name === "motion" && switches.isOn(camera, "motion") && switches.isOn(camera, "detect")) {
    return {
      problem: "motion detection cannot be switched off while detection is on",
      remedy: "Switch detection off first.",
    };
  }
  if (!on || switches.isConfigured(camera, name)) return undefined;
  // Only the owner of the configuration decides which cameras are opened, and whether images leave the device.
  switch (name) {
    case "enabled":
      return {
        problem: "the camera cannot be switched on, because the configuration disables it",
        remedy: "Set enabled: true for the camera, and restart the agent.",
      };
    case "snapshots":
      return {
        problem: "snapshots cannot be switched on, because the configuration has none for the camera",
        remedy: "Set snapshots.enabled or snapshots.directory for the camera, and restart the agent.",
      };
    default:
      return undefined;
  }
}
