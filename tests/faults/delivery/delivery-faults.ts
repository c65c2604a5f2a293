import { spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "mqtt";
import { waitUntil } from "../../support/time/wait-until.ts";
import type { Fault } from "../fault.ts";
import { lackingFor, type Origin, startWorld, type World } from "./world.ts";

/** A fault between the agent and the broker, and further conditions that must hold at the end. */
interface DeliveryFault {
  readonly fault: string;
  readonly times: number;
  inflict(world: World, hurry: boolean): Promise<void>;
  /** The violated conditions, in words. */
  check?(world: World, times: number): readonly string[];
  readonly lacks?: () => string | undefined;
}

const BROKER_KILLED: DeliveryFault = {
  fault: "broker killed for 1 to 60 s",
  times: 20,
  async inflict(world, hurry) {
    await delay(between(0, 1_000));
    await world.killBroker();
    await delay(hurry ? 1_000 : between(1_000, 60_000));
    await world.startBroker();
    await world.flow(1);
  },
};

const NETWORK_CUT: DeliveryFault = {
  fault: "network cut in mid-message",
  times: 20,
  async inflict(world) {
    await world.tap.cutInMidMessage();
    await world.flow(1);
  },
};

const AGENT_KILLED: DeliveryFault = {
  fault: "agent killed (SIGKILL) at a random instant",
  times: 50,
  async inflict(world, hurry) {
    await delay(between(0, hurry ? 500 : 8_000));
    await world.restartAgent();
  },
};

const AGENT_KILLED_OFFLINE: DeliveryFault = {
  fault: "agent killed (SIGKILL) while the broker is away",
  times: 10,
  async inflict(world, hurry) {
    await world.killBroker();
    await delay(between(0, hurry ? 500 : 8_000));
    await world.restartAgent();
    await world.startBroker();
    await world.flow(1);
  },
};

const DISK_FULL: DeliveryFault = {
  fault: "disk full",
  times: 5,
  lacks: () => (spawnSync("prlimit", ["--version"]).error === undefined ? undefined : "prlimit (util-linux)"),
  async inflict(world) {
    const { process, log } = world.agent();
    const said = (words: string) => log.filter(({ msg }) => msg.includes(words)).length;
    const [refusals, recoveries] = [said("cannot store events"), said("events are stored on disk again")];
    // No file may grow: SQLite gets an error of write(2), as on a full disk.
    limitFileSize(process.pid, "1");
    await waitUntil(
      "the agent logs that it cannot store events",
      () => said("cannot store events") > refusals,
      120_000,
    );
    await world.flow(3);
    limitFileSize(process.pid, "unlimited");
    await waitUntil(
      "the agent stores events again",
      () => said("events are stored on disk again") > recoveries,
      120_000,
    );
    await world.restartAgent();
  },
};

const CLOCK_JUMP: DeliveryFault = {
  fault: "clock jump of 1 h, forward or back",
  times: 5,
  async inflict(world) {
    const accepted = world.tap.accepted();
    process.kill(world.agent().process.pid, "SIGUSR2");
    await world.flow(3);
    if (world.tap.accepted() !== accepted)
      throw new Error("the connection to the broker did not survive the jump");
  },
};

const CLIENT_ID_TAKEN: DeliveryFault = {
  fault: "MQTT client id taken over",
  times: 5,
  async inflict(world, hurry) {
    const rival = connect({ port: world.brokerPort, clientId: world.source.clientId, reconnectPeriod: 100 });
    rival.on("error", () => {});
    await delay(hurry ? 6_000 : 20_000);
    await rival.endAsync(true);
    await world.flow(1);
  },
  check(world, times) {
    const lines = world.agent().log.filter(({ msg }) => msg.includes("another client uses the name"));
    const expected = lines.length > 0 && lines.length <= times;
    return expected
      ? []
      : [`expected a line about the other client each time, at most ${times}, found ${lines.length}`];
  },
};

/** The faults of delivery, with events of a street over RTSP or made-up events. */
export function deliveryFaults(origin: Origin): readonly Fault[] {
  const faults = [
    BROKER_KILLED,
    NETWORK_CUT,
    AGENT_KILLED,
    AGENT_KILLED_OFFLINE,
    DISK_FULL,
    CLOCK_JUMP,
    CLIENT_ID_TAKEN,
  ];
  return faults.map(({ fault, times, inflict, check, lacks }) => ({
    fault,
    times,
    lacks: () => lackingFor(origin) ?? lacks?.(),
    async inflict(count, hurry) {
      await using world = await startWorld(origin);
      for (let time = 0; time < count; time++) await inflict(world, hurry);
      const result = await world.judge();
      return { ...result, broken: [...result.broken, ...(check?.(world, count) ?? [])] };
    },
  }));
}

function between(lowest: number, highest: number): number {
  return lowest + Math.random() * (highest - lowest);
}

function limitFileSize(pid: number, bytes: string): void {
  const { status, stderr } = spawnSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:`], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`prlimit failed: ${stderr}`);
}
