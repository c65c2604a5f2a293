import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../../../agent/base/clock.ts";
import { ConfigError } from "../../../../agent/base/errors.ts";
import { silentLog } from "../../../../agent/base/log.ts";
import type { RunningAgent } from "../../../../agent/commands/check/running-agent.ts";
import { tryPort } from "../../../../agent/commands/check/try-port.ts";
import { serveMetrics } from "../../../../agent/health/serve-metrics.ts";
import { freePort } from "../../../support/mqtt/brokers.ts";
import { listenOnLoopback } from "../../../support/network/listen-on-loopback.ts";

const signal = new AbortController().signal;
const HOST = "127.0.0.1";

function agentOnPorts(ports: RunningAgent["ports"]): RunningAgent {
  const file = "/etc/sabrewing/sabrewing.yml";
  return { folder: "/state", pid: 42, config_file: file, ports, cameras: [], isOurs: true };
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Makes a server listen and returns its port. */
async function listening(server: Server): Promise<number> {
  servers.push(server);
  return listenOnLoopback(server);
}

async function failure(section: "metrics" | "view", host: string, port: number): Promise<ConfigError> {
  const error = await tryPort({ section, host, port }, [], signal).catch((reason: unknown) => reason);
  if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, received ${error}`);
  return error;
}

test("reports a free port and leaves it free", async () => {
  const port = await freePort();
  for (let turn = 0; turn < 2; turn++) {
    expect(await tryPort({ section: "view", host: HOST, port }, [], signal)).toBe(`${HOST}:${port} is free`);
  }
});

test("accepts port 0 as any free port", async () => {
  expect(await tryPort({ section: "view", host: HOST, port: 0 }, [], signal)).toContain("any free port");
});

test("refuses the port of another program and names the key to change", async () => {
  const port = await listening(createServer((socket) => socket.destroy()));
  const { message, remedy } = await failure("metrics", HOST, port);
  expect(message).toBe(`metrics cannot be served on ${HOST}:${port} (EADDRINUSE)`);
  expect(remedy).toContain("set metrics.port to a free port");
});

test("refuses the port of another web server", async () => {
  const port = await listening(
    createHttpServer((_request, response) => response.end("<title>Router</title>")),
  );
  expect((await failure("view", HOST, port)).message).toContain("EADDRINUSE");
});

/** An agent that serves metrics on a free port. */
async function servedMetrics() {
  const figures = { contentType: "text/plain", read: async () => 'sabrewing_service_info{version="1"} 1\n' };
  const address = { host: HOST, port: 0, allowed_hosts: [] };
  return serveMetrics(address, figures, { clock: systemClock, log: silentLog() });
}

test("accepts the port of the agent that runs with this configuration", async () => {
  await using running = await servedMetrics();
  const agent = agentOnPorts({ metrics: running.port, view: null });
  const place = { section: "metrics", host: HOST, port: running.port } as const;
  expect(await tryPort(place, [agent], signal)).toContain("the running agent");
});

test.each([
  ["an agent with another configuration", { isOurs: false }],
  ["the agent of this configuration on another port", { ports: { metrics: 1, view: null } }],
])("refuses a port that another agent uses, and finds %s", async (_, facts) => {
  await using running = await servedMetrics();
  const agent = { ...agentOnPorts({ metrics: running.port, view: null }), ...facts };
  const place = { section: "metrics", host: HOST, port: running.port } as const;
  await expect(tryPort(place, [agent], signal)).rejects.toMatchObject({
    name: "ConfigError",
    message: `another agent uses ${HOST}:${running.port}`,
    remedy: expect.stringContaining("Set metrics.port to a free port"),
  });
});

test("refuses an address of another machine and names the key to change", async () => {
  // From a network that RFC 5737 reserves for documentation.
  const { message, remedy } = await failure("view", "192.0.2.1", 5080);
  expect(message).toContain("EADDRNOTAVAIL");
  expect(remedy).toContain("Set view.host to an address of this machine");
});
