import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { describe, expect, test } from "vitest";
import { DownloadError } from "../../../../detectors/catalog/fetching.ts";
import { obtainModel } from "../../../../detectors/catalog/obtain-model.ts";
import { seededBytes } from "../../../support/base/seeded.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { startConnectProxy } from "../../../support/network/connect-proxy.ts";
import { startFileServer } from "../../../support/network/file-server.ts";
import { listenOnLoopback } from "../../../support/network/listen-on-loopback.ts";
import { knownModel } from "./known-model.ts";

const weights = seededBytes(1, 50_000);
const HOST = "weights.example";

/** A key and a self-signed certificate for HOST, made by the openssl program; undefined when it is missing. */
function selfSigned(folder: string): { key: string; cert: string } | undefined {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = ["-subj", `/CN=${HOST}`, "-addext", `subjectAltName=DNS:${HOST}`, "-days", "1"];
  const made = spawnSync("openssl", [...words, ...names, "-keyout", key, "-out", cert]);
  if (made.status !== 0) return undefined;
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

describe("downloading behind a proxy", () => {
  test.skipIf(!hasOpenssl)("uses HTTPS_PROXY, encrypted from end to end", async () => {
    await using folder = await temporaryFolder();
    const identity = selfSigned(folder.path);
    if (identity === undefined) throw new Error("openssl made no certificate");
    const server = createServer(identity, (_request, response) => response.end(weights));
    const port = await listenOnLoopback(server);
    const trusted = getCACertificates();
    setDefaultCACertificates([identity.cert]);
    try {
      await using proxy = await startConnectProxy({ port });
      const env = { SABREWING_HOME: join(folder.path, "home"), HTTPS_PROXY: proxy.url };
      const model = knownModel(weights, `https://${HOST}/tiny.pt`);
      const path = await obtainModel(model, { env, sharedFolder: folder.path });
      expect(new Uint8Array(await readFile(path))).toEqual(weights);
      expect(proxy.tunnels).toEqual([`${HOST}:443`]);
    } finally {
      setDefaultCACertificates(trusted);
      server.closeAllConnections();
      server.close();
    }
  });

  test("connects to a host in NO_PROXY directly", async () => {
    await using folder = await temporaryFolder();
    await using server = await startFileServer((_request, response) => response.end(weights));
    await using proxy = await startConnectProxy({ refuse: 403 });
    const env = { SABREWING_HOME: folder.path, http_proxy: proxy.url, NO_PROXY: "127.0.0.1" };
    await obtainModel(knownModel(weights, server.url), { env, sharedFolder: folder.path });
    expect(proxy.tunnels).toEqual([]);
  });

  test("reports the answer of a proxy that refuses, as an error worth a retry", async () => {
    await using folder = await temporaryFolder();
    await using proxy = await startConnectProxy({ refuse: 407 });
    const env = { SABREWING_HOME: folder.path, https_proxy: proxy.url };
    const model = knownModel(weights, `https://${HOST}/tiny.pt`);
    const error = await obtainModel(model, { env, sharedFolder: folder.path }).catch(
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(DownloadError);
    expect(String(error)).toMatch(/Proxy response \(407\)/);
  });
});
