import { once } from "node:events";
import { createServer } from "node:net";
import { ConfigError } from "../../base/errors.ts";
import { allowPort, type ListenAddress, listenOn } from "../../base/listen.ts";
import type { RunningAgent } from "./running-agent.ts";
import { portsOfUnit } from "./unit-ports.ts";

/**
 * Checks that the agent can listen at the configured address and that the systemd unit allows the port.
 * @param agents that run now; one that runs with this configuration may use the port already
 * @returns a short description of the address
 * @throws ConfigError with the remedy if it cannot listen there
 */
export async function tryPort(
  place: ListenAddress,
  agents: readonly RunningAgent[],
  signal: AbortSignal,
): Promise<string> {
  const { section, host, port } = place;
  if (port === 0) return `${host}, any free port`;
  const isAllowed = await portsOfUnit("sabrewing", signal);
  if (!isAllowed(port)) {
    throw new ConfigError(`the systemd unit does not allow the agent to use port ${port}`, allowPort(port));
  }
  const server = createServer();
  try {
    await listenOn(server, place);
  } catch (error) {
    const isOurs = agents.some((agent) => agent.isOurs && agent.ports[section] === port);
    if (isOurs) return `${host}:${port} is in use by the running agent`;
    if (await isServedBySabrewing(place)) throw usedByAnother(place, error);
    throw error;
  }
  const closed = once(server, "close");
  server.close();
  await closed;
  return `${host}:${port} is free`;
}

function usedByAnother({ section, host, port }: ListenAddress, cause: unknown): ConfigError {
  return new ConfigError(
    `another agent uses ${host}:${port}`,
    `Set ${section}.port to a free port. If that agent runs with this configuration, run check as root or as the agent's user: other users cannot connect to it.`,
    { cause },
  );
}

const ANSWER_WITHIN_MS = 5_000;
const EVERYWHERE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** The login page and the metric names identify the agent. */
async function isServedBySabrewing({ section, host, port }: ListenAddress): Promise<boolean> {
  const near = EVERYWHERE[host] ?? host;
  const address = `http://${near.includes(":") ? `[${near}]` : near}:${port}`;
  try {
    const reply = await fetch(section === "metrics" ? `${address}/metrics` : address, {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const mark = section === "metrics" ? "sabrewing_service_info" : "<title>Sabrewing";
    return (await reply.text()).includes(mark);
  } catch {
    // Another program: it does not answer, or does not speak HTTP.
    return false;
  }
}
