/** The agent connects only to a broker whose identity TLS confirms. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, TransientError } from "../../agent/base/errors.ts";
import type { MqttConfig } from "../../agent/config/schema.ts";
import { openConnection } from "../../agent/mqtt/connection.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/base/temporary-folder.ts";
import { mosquittoIsInstalled, startMosquitto, type TestBroker } from "../support/mqtt/brokers.ts";
import { type Certificate, issue, makeAuthority } from "../support/mqtt/certificates.ts";

let folder: TemporaryFolder;
let authority: Certificate;
let stranger: Certificate;
beforeAll(async () => {
  folder = await temporaryFolder();
  authority = makeAuthority(folder.path, "authority");
  stranger = makeAuthority(folder.path, "stranger");
});
afterAll(() => folder[Symbol.asyncDispose]());

const settings = (broker: TestBroker, keys: Partial<MqttConfig> = {}): MqttConfig => ({
  host: "localhost",
  port: broker.port,
  tls: true,
  tls_insecure: false,
  tls_ca_certs: authority.cert,
  client_id: "agent",
  topic_prefix: "test",
  stats_interval: 60,
  password: "hunter2",
  user: "cam",
  ...keys,
});

/** A broker with this certificate; with `clients` it accepts only agents whose certificate that authority signed. */
async function broker(own: Certificate, clients?: Certificate): Promise<AsyncDisposable & TestBroker> {
  const lines = [`certfile ${own.cert}`, `keyfile ${own.key}`];
  if (clients !== undefined) lines.push(`cafile ${clients.cert}`, "require_certificate true");
  const started = await startMosquitto(0, lines);
  return { ...started, [Symbol.asyncDispose]: () => started.kill() };
}

async function delivers(config: MqttConfig): Promise<boolean> {
  const connection = await openConnection(config);
  const acknowledged = await new Promise<Error | undefined>((resolve) => {
    connection.send({ topic: "test/events", payload: "1", retain: false, qos: 1 }, resolve);
  });
  await connection.disconnect(1000);
  return acknowledged === undefined;
}

/** The error of the agent about a broker to which it does not connect. */
async function refusal(config: MqttConfig): Promise<ConfigError> {
  const error: unknown = await openConnection(config).then(
    () => new Error("it connected"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw error;
  expect(error.message).not.toContain("hunter2");
  return error;
}

describe.skipIf(!mosquittoIsInstalled)("a broker with TLS", () => {
  test("receives events if the right authority signed its certificate", async () => {
    await using mosquitto = await broker(issue(folder.path, authority, ["DNS:localhost"]));
    expect(await delivers(settings(mosquitto))).toBe(true);
  });

  test("is refused if another authority signed its certificate, with the key to set", async () => {
    await using mosquitto = await broker(issue(folder.path, stranger, ["DNS:localhost"]));
    const { message, remedy } = await refusal(settings(mosquitto));
    expect(message).toMatch(/not signed by an authority that this agent trusts/);
    expect(remedy).toMatch(/mqtt\.tls_ca_certs/);
    const { tls_ca_certs: _, ...publicOnly } = settings(mosquitto);
    expect((await refusal(publicOnly)).remedy).toMatch(/mqtt\.tls_ca_certs/);
  });

  test("is refused if its certificate has expired", async () => {
    await using mosquitto = await broker(issue(folder.path, authority, ["DNS:localhost"], -1));
    expect((await refusal(settings(mosquitto))).message).toMatch(/certificate has expired/);
  });

  test("is refused if its certificate is for another host, unless mqtt.tls_insecure is set", async () => {
    await using mosquitto = await broker(issue(folder.path, authority, ["DNS:broker.example"]));
    const { message, remedy } = await refusal(settings(mosquitto));
    expect(message).toMatch(/for another host name/);
    expect(remedy).toMatch(/mqtt\.tls_insecure/);
    expect(await delivers(settings(mosquitto, { tls_insecure: true }))).toBe(true);
  });

  test("with an IP address is refused unless its certificate contains the address", async () => {
    await using named = await broker(issue(folder.path, authority, ["IP:127.0.0.1"]));
    expect(await delivers(settings(named, { host: "127.0.0.1" }))).toBe(true);
    await using unnamed = await broker(issue(folder.path, authority, ["DNS:localhost"]));
    expect((await refusal(settings(unnamed, { host: "127.0.0.1" }))).message).toMatch(/another host name/);
  });

  test("with a certificate of another authority is refused even with mqtt.tls_insecure", async () => {
    await using mosquitto = await broker(issue(folder.path, stranger, ["DNS:localhost"]));
    const { message } = await refusal(settings(mosquitto, { tls_insecure: true }));
    expect(message).toMatch(/not signed by an authority/);
  });

  test("that requires a client certificate accepts an agent with one; an agent without one logs the remedy", async () => {
    await using mosquitto = await broker(issue(folder.path, authority, ["DNS:localhost"]), authority);
    const own = issue(folder.path, authority, ["DNS:agent"]);
    const shown = { tls_client_cert: own.cert, tls_client_key: own.key };
    expect(await delivers(settings(mosquitto, shown))).toBe(true);
    expect((await refusal(settings(mosquitto))).remedy).toMatch(/mqtt\.tls_client_cert/);
    const foreign = issue(folder.path, stranger, ["DNS:agent-of-a-stranger"]);
    const refused = await refusal(
      settings(mosquitto, { tls_client_cert: foreign.cert, tls_client_key: foreign.key }),
    );
    expect(refused.message).toMatch(/does not accept this agent's certificate/);
  });

  test("that does not speak TLS on this port is distinguished from one that is down", async () => {
    const plain = await startMosquitto();
    const error: unknown = await openConnection(settings(plain)).catch((thrown: unknown) => thrown);
    await plain.kill();
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ remedy: expect.stringMatching(/mqtt\.port/) });

    const website = createServer((socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    website.listen(0, "localhost");
    await once(website, "listening");
    const { port } = website.address() as AddressInfo;
    const { message } = await refusal(settings(plain, { port }));
    website.close();
    expect(message).toMatch(/does not speak TLS/);
  });

  test("is not contacted with invalid certificates or a key of another certificate", async () => {
    const nonsense = join(folder.path, "nonsense.pem");
    writeFileSync(nonsense, "nonsense");
    const nobody = { port: 1, kill: async () => {}, freeze: () => {} };
    expect((await refusal(settings(nobody, { tls_ca_certs: "/nowhere.pem" }))).message).toMatch(/ENOENT/);
    const mixed = { tls_client_cert: authority.cert, tls_client_key: stranger.key };
    expect((await refusal(settings(nobody, mixed))).remedy).toMatch(/key of tls_client_cert/);
    const broken = { tls_client_cert: nonsense, tls_client_key: nonsense };
    expect((await refusal(settings(nobody, broken))).message).toContain(nonsense);
  });
});
