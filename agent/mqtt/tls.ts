import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ConfigError, TransientError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import type { MqttConfig } from "../config/schema.ts";

/** What mqtt.js takes beside host and port. */
export interface TlsOptions {
  readonly protocol: "mqtt" | "mqtts";
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized?: true;
  readonly checkServerIdentity?: () => undefined;
}

/**
 * How to encrypt the connection. The files are read for every connection: certificates are renewed while the agent runs.
 * @throws ConfigError when a file cannot be read, or holds no certificate, or key and certificate do not belong together.
 */
export async function tlsOptions(config: MqttConfig): Promise<TlsOptions> {
  if (!config.tls) return { protocol: "mqtt" };
  const files = {
    ...(await pem("ca", "tls_ca_certs", config)),
    ...(await pem("cert", "tls_client_cert", config)),
    ...(await pem("key", "tls_client_key", config)),
  };
  try {
    createSecureContext(files);
  } catch (cause) {
    const named = [config.tls_ca_certs, config.tls_client_cert, config.tls_client_key].filter(Boolean);
    throw new ConfigError(
      `cannot use ${named.join(", ")} for TLS: ${cause instanceof Error ? cause.message : cause}`,
      "Give PEM files: certificates, and for tls_client_key the unencrypted key that belongs to tls_client_cert.",
      { cause },
    );
  }
  return {
    protocol: "mqtts",
    ...files,
    rejectUnauthorized: true,
    // Frigate's meaning (and paho's): any host name will do, any certificate will not.
    ...(config.tls_insecure ? { checkServerIdentity: () => undefined } : {}),
  };
}

type FileKey = "tls_ca_certs" | "tls_client_cert" | "tls_client_key";

async function pem<Name extends "ca" | "cert" | "key">(
  name: Name,
  key: FileKey,
  config: MqttConfig,
): Promise<{ [name in Name]?: Buffer }> {
  const file = config[key];
  if (file === undefined) return {};
  try {
    return { [name]: await readFile(file) } as { [name in Name]: Buffer };
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    throw new ConfigError(
      `cannot read ${file} (${code})`,
      `Correct mqtt.${key}, or make the file readable for the user that runs sabrewing.`,
      { cause },
    );
  }
}

/** What an error of TLS means to whoever set the broker up. The first pattern that matches wins. */
const MEANINGS: readonly {
  readonly says: RegExp;
  readonly kind: "config" | "transient";
  readonly what: string;
  readonly remedy: string;
}[] = [
  {
    says: /CERT_HAS_EXPIRED/,
    kind: "config",
    what: "its certificate has expired",
    remedy: "Renew the broker's certificate; should it be valid, set this machine's clock (timedatectl).",
  },
  {
    says: /CERT_NOT_YET_VALID/,
    kind: "transient",
    what: "its certificate is not valid yet",
    remedy: "Set this machine's clock (timedatectl): a device without a battery starts in the past.",
  },
  {
    says: /ERR_TLS_CERT_ALTNAME_INVALID/,
    kind: "config",
    what: "its certificate is for another host name",
    remedy:
      "Set mqtt.host to a name in the certificate, or, in a network you trust, mqtt.tls_insecure: true.",
  },
  {
    says: /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_(SIGNATURE|UNTRUSTED|REJECTED)|INVALID_CA|CERTIFICATE_SIGNATURE_FAILURE/,
    kind: "config",
    what: "its certificate is not signed by an authority this agent trusts",
    remedy: "Set mqtt.tls_ca_certs to the certificate (PEM) of the authority that signed the broker's.",
  },
  {
    says: /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/,
    kind: "config",
    what: "it wants to see a certificate of this agent's",
    remedy: "Set mqtt.tls_client_cert and mqtt.tls_client_key to what the broker's owner gave you.",
  },
  {
    says: /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/,
    kind: "config",
    what: "it does not accept this agent's certificate",
    remedy:
      "Set mqtt.tls_client_cert and mqtt.tls_client_key to a pair that the broker's authority has signed.",
  },
  {
    says: /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/,
    kind: "config",
    what: "it does not speak TLS on this port",
    remedy: "Set mqtt.port to the broker's TLS port (most often 8883), or mqtt.tls: false.",
  },
  {
    // So does Mosquitto on a port without TLS, and any broker that is just being stopped.
    says: /ECONNRESET|BEFORE_SECURE_TLS_CONNECTION/,
    kind: "transient",
    what: "it hangs up before the connection is encrypted",
    remedy: "Should it stay so, set mqtt.port to the broker's TLS port (most often 8883).",
  },
];

/** Why a broker could not be reached, where TLS was the reason; undefined where it was not. */
export function explainTls(error: Error, address: string): ConfigError | TransientError | undefined {
  // OpenSSL's reason stands in the code (ERR_SSL_WRONG_VERSION_NUMBER), or in the message of an EPROTO (wrong version number).
  const said = `${"code" in error ? error.code : ""} ${error.message}`.toUpperCase().replaceAll(" ", "_");
  const meaning = MEANINGS.find(({ says }) => says.test(said));
  if (meaning === undefined) return undefined;
  const message = `the broker ${address} is not to be talked to: ${meaning.what} (${plainText(error.message.trim())})`;
  return meaning.kind === "config"
    ? new ConfigError(message, meaning.remedy, { cause: error })
    : new TransientError(message, meaning.remedy, { cause: error });
}
