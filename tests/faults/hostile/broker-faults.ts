import { setTimeout as delay } from "node:timers/promises";
import { processFigures } from "../../support/agent/process-figures.ts";
import { listen, mosquittoIsInstalled, startMosquitto } from "../../support/mqtt/brokers.ts";
import { BROKER_ATTACKS, type BrokerAttack, startHostileBroker } from "../../support/mqtt/hostile-broker.ts";
import { waitUntil } from "../../support/time/wait-until.ts";
import { type Fault, type FaultResult, repeated } from "../fault.ts";
import { makeOutboxWorld, type RunningAgent } from "./outbox-world.ts";

/** The limits of the agent during an attack. */
const BOUNDS = { agentMb: 60, metricsMs: 1_000, stopMs: 5_000 };
/** In a hurry other tests run at the same time. */
const METRICS_HURRY_MS = 10_000;
const [ATTACK_MS, HURRIED_ATTACK_MS] = [60_000, 5_000];
const SAMPLE_EVERY_MS = 250;
const EVENTS = Array.from({ length: 60 }, (_, index) => `event-${index}`);
const DELIVERED_WITHIN_MS = 60_000;

/** An agent with stored events connects to a hostile broker; afterwards a correct broker runs on the same port. */
export const BROKER_FAULTS: readonly Fault[] = Object.entries(BROKER_ATTACKS).map(([name, attack]) => ({
  fault: `hostile broker: ${name}`,
  times: 1,
  lacks: () => (mosquittoIsInstalled ? undefined : "mosquitto"),
  inflict: (times, hurry) => repeated(times, () => attackOnce(attack, hurry)),
}));

async function attackOnce(attack: BrokerAttack, hurry: boolean): Promise<FaultResult> {
  using world = makeOutboxWorld();
  await world.store(EVENTS);
  const attacked = Promise.withResolvers<void>();
  const broker = await startHostileBroker(async (socket, isUnderWay) => {
    await attacked.promise;
    await attack(socket, isUnderWay);
  });
  const { port } = broker;
  let figures: Figures;
  let stopped: Awaited<ReturnType<RunningAgent["stop"]>>;
  {
    await using _gone = broker;
    await using agent = await world.start(port);
    await waitUntil("the agent is connected", () => broker.accepted() > 0);
    await delay(hurry ? 500 : 5_000);
    const before = processFigures(agent.pid).rssMb;
    attacked.resolve();
    figures = await watchDuring(hurry ? HURRIED_ATTACK_MS : ATTACK_MS, agent, before);
    stopped = await agent.stop();
  }
  const lost = await undelivered(world, port);
  const exceeds = (what: string, value: number, bound: number) =>
    value <= bound ? [] : [`${what}: ${Math.round(value)}, at most ${bound}`];
  return {
    lost,
    broken: [
      ...exceeds("agent_mb", figures.agentMb, BOUNDS.agentMb),
      ...exceeds("metrics_ms", figures.metricsMs, hurry ? METRICS_HURRY_MS : BOUNDS.metricsMs),
      ...exceeds("stop_ms", stopped.ms, BOUNDS.stopMs),
      ...(stopped.how === "exit code 0" ? [] : [`the agent ended with ${stopped.how}`]),
    ],
    agent_mb: Math.round(figures.agentMb),
    metrics_ms: Math.round(figures.metricsMs),
    stop_ms: Math.round(stopped.ms),
  };
}

interface Figures {
  /** Growth of the agent's resident memory, 10⁶ bytes. */
  readonly agentMb: number;
  /** The slowest answer of /metrics. */
  readonly metricsMs: number;
}

async function watchDuring(ms: number, agent: RunningAgent, beforeMb: number): Promise<Figures> {
  let figures: Figures = { agentMb: 0, metricsMs: 0 };
  for (const untilMs = performance.now() + ms; performance.now() < untilMs; await delay(SAMPLE_EVERY_MS)) {
    const startMs = performance.now();
    await (await fetch(agent.metricsUrl)).text();
    figures = {
      metricsMs: Math.max(figures.metricsMs, performance.now() - startMs),
      agentMb: Math.max(figures.agentMb, processFigures(agent.pid).rssMb - beforeMb),
    };
  }
  return figures;
}

/** The number of messages that a correct broker on this port does not receive from the next agent. */
async function undelivered(world: ReturnType<typeof makeOutboxWorld>, port: number): Promise<number> {
  const broker = await startMosquitto(port);
  const listener = await listen(port);
  await using agent = await world.start(port);
  const delivered = () => listener.heard.filter(({ topic }) => topic.endsWith("/events")).length;
  const expected = 2 * EVENTS.length;
  await waitUntil("all events are delivered", () => delivered() >= expected, DELIVERED_WITHIN_MS).catch(
    () => {},
  );
  await agent.stop();
  await listener.stop();
  await broker.kill();
  return Math.max(0, expected - delivered());
}
