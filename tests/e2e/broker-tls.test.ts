/** The broker is the one the configuration names, or the agent does not talk to it. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, TransientError } from "../../agent/base/errors.ts";
import type { MqttConfig } from "../../agent/config/schema.ts";
import { openConnection } from "../../agent/mqtt/connection.ts";
import { mosquittoIsInstalled, startMosquitto, type TestBroker } from "../support/brokers.ts";
import { type Certificate, issue, makeAuthority } from "../support/certificates.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

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

/** A broker with this certificate; with `clients` it lets in only agents whose certificate that authority signed. */
async function broker(own: Certificate, clients?: Certificate): Promise<AsyncDisposable & TestBroker> {
  const lines = [`certfile ${own.cert}`, `keyfile ${own.key}`];
  if (clients !== undefined) lines.push(`cafile ${clients.cert}`, "require_certificate true");
  const started = await startMosquitto(0, lines);
  return { ...started, [Symbol.asyncDispose]: () => started.kill() };
}

async function comesThrough(config: MqttConfig): Promise<boolean> {
  const connection = await openConnection(config);
  const acknowledged = await new Promise<Error | undefined>((resolve) => {
    connection.send({ topic: "test/events", payload: "1", retain: false, qos: 1 }, resolve);
  });
  await connection.disconnect(1000);
  return acknowledged === undefined;
}

/** What the agent says of a broker that it does not talk to. */
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
  test("gets events when the right authority has signed its certificate", async () => {
    await using mosquitto = await broker(issue(folder.path, authority, ["DNS:localhost"]));
    expect(await comesThrough(settings(mosquitto))).toBe(true);
  });

  test("is refused when another authority has signed it, with the key to set", async () => {
    await using mosquitto = await broker(issue(folder.path, stranger, ["DNS:localhost"]));
    const { message, remedy } = await refusal(settings(mosquitto));
    expect(message).toMatch(/not signed by an authority that this agent trusts/);
    expect(remedy).toMatch(/mqtt\.tls_ca_certs/);
    const { tls_ca_certs: _, ...publicOnly } = settings(mosquitto);
    expect((await refusal(publicOnly)).remedy).toMatch(/mqtt\.tls_ca_certs/);
  });

  test("is refused when its certificate has expired", async () => {
    await using mosquitto = await broker(issue(folder.path, authority, ["DNS:localhost"], -1));
    expect((await refusal(settings(mosquitto))).message).toMatch(/certificate has expired/);
  });

  test("is refused when its certificate is for another host, unless told that this does not matter", async () => {
    await using mosquitto = await broker(issue(folder.path, authority, ["DNS:broker.example"]));
    const { message, remedy } = await refusal(settings(mosquitto));
    expect(message).toMatch(/for another host name/);
    expect(remedy).toMatch(/mqtt\.tls_insecure/);
    expect(await comesThrough(settings(mosquitto, { tls_insecure: true }))).toBe(true);
  });

  test("by a plain address is refused unless the certificate names that address", async () => {
    await using named = await broker(issue(folder.path, authority, ["IP:127.0.0.1"]));
    expect(await comesThrough(settings(named, { host: "127.0.0.1" }))).toBe(true);
    await using unnamed = await broker(issue(folder.path, authority, ["DNS:localhost"]));
    expect((await refusal(settings(unnamed, { host: "127.0.0.1" }))).message).toMatch(/another host name/);
  });

  test("of a wrong authority is refused also where the host name does not matter", async () => {
    await using mosquitto = await broker(issue(folder.path, stranger, ["DNS:localhost"]));
    const { message } = await refusal(settings(mosquitto, { tls_insecure: true }));
    expect(message).toMatch(/not signed by an authority/);
  });

  test("that asks for a certificate lets in an agent with one, and tells one without what it lacks", async () => {
    await using mosquitto = await broker(issue(folder.path, authority, ["DNS:localhost"]), authority);
    const own = issue(folder.path, authority, ["DNS:agent"]);
    const shown = { tls_client_cert: own.cert, tls_client_key: own.key };
    expect(await comesThrough(settings(mosquitto, shown))).toBe(true);
    expect((await refusal(settings(mosquitto))).remedy).toMatch(/mqtt\.tls_client_cert/);
    const foreign = issue(folder.path, stranger, ["DNS:agent-of-a-stranger"]);
    const refused = await refusal(
      settings(mosquitto, { tls_client_cert: foreign.cert, tls_client_key: foreign.key }),
    );
    expect(refused.message).toMatch(/does not accept this agent's certificate/);
  });

  test("that does not speak TLS on this port is told apart from one that is down", async () => {
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

  test("is not asked at all with files that are no certificates or do not belong together", async () => {
    const nonsense = join(folder.path, "nonsense.pem");
    writeFileSync(nonsense, "nonsense");
    const nobody = { port: 1, kill: async () => {}, freeze: () => {} };
    expect((await refusal(settings(nobody, { tls_ca_certs: "/nowhere.pem" }))).message).toMatch(/ENOENT/);
    const mixed = { tls_client_cert: authority.cert, tls_client_key: stranger.key };
    expect((await refusal(settings(nobody, mixed))).remedy).toMatch(/belongs to tls_client_cert/);
    const broken = { tls_client_cert: nonsense, tls_client_key: nonsense };
    expect((await refusal(settings(nobody, broken))).message).toContain(nonsense);
  });
});
