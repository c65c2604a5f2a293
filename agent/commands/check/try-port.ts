import { once } from "node:events";
import { createServer } from "node:net";
import { ConfigError } from "../../base/errors.ts";
import { allowPort, listenOn, type Place } from "../../base/listen.ts";
import { portsOfUnit } from "./unit-ports.ts";

/**
 * Whether the agent may listen where its configuration says, and the service's unit lets it.
 * @returns a few words on the place
 * @throws ConfigError with the remedy when it cannot
 */
export async function tryPort(place: Place, signal: AbortSignal): Promise<string> {
  const { host, port } = place;
  if (port === 0) return `${host}, on any port that is free`;
  const isAllowed = await portsOfUnit("sabrewing", signal);
  if (!isAllowed(port)) {
    throw new ConfigError(`the systemd unit does not let the agent listen on port ${port}`, allowPort(port));
  }
  const server = createServer();
  try {
    await listenOn(server, place);
  } catch (error) {
    if (!(await isServedBySabrewing(place))) throw error;
    return `${host}:${port}, where the running agent serves it already`;
  }
  const closed = once(server, "close");
  server.close();
  await closed;
  return `${host}:${port} is free`;
}

const ANSWER_WITHIN_MS = 5_000;
const EVERYWHERE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** The page to enter the token and the names of the figures both tell whose they are. */
async function isServedBySabrewing({ section, host, port }: Place): Promise<boolean> {
  const near = EVERYWHERE[host] ?? host;
  const address = `http://${near.includes(":") ? `[${near}]` : near}:${port}`;
  try {
    const reply = await fetch(section === "metrics" ? `${address}/metrics` : address, {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const mark = section === "metrics" ? "sabrewing_service_info" : "<title>Sabrewing";
    return (await reply.text()).includes(mark);
  } catch {
    // Whoever answers nothing, or something else than HTTP, is somebody else.
    return false;
  }
}
