import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { errorCode, shortReason } from "../base/error-code.ts";
import { ConfigError, TransientError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import type { MqttConfig } from "../config/schema.ts";

/** The options of mqtt.js besides host and port. */
export interface TlsOptions {
  readonly protocol: "mqtt" | "mqtts";
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized?: true;
  readonly checkServerIdentity?: () => undefined;
}

/**
 * The TLS options of a connection. The files are read for every connection: certificates are renewed while the agent runs.
 * @throws ConfigError if a file cannot be read or contains no certificate, or if key and certificate do not match.
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
      "Use PEM files: certificates, and for tls_client_key the unencrypted key of tls_client_cert.",
      { cause },
    );
  }
  return {
    protocol: "mqtts",
    ...files,
    rejectUnauthorized: true,
    // As in Frigate and paho: the host name is not checked, the certificate is.
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
    throw new ConfigError(
      `cannot read ${file} (${shortReason(cause)})`,
      `Correct mqtt.${key}, or make the file readable for the user that runs sabrewing.`,
      { cause },
    );
  }
}

/** Explanations of TLS errors. The first pattern that matches applies. */
const EXPLANATIONS: readonly {
  readonly pattern: RegExp;
  readonly kind: "config" | "transient";
  readonly what: string;
  readonly remedy: string;
}[] = [
  {
    pattern: /CERT_HAS_EXPIRED/,
    kind: "config",
    what: "its certificate has expired",
    remedy: "Renew the broker's certificate; if it is valid, set this machine's clock (timedatectl).",
  },
  {
    pattern: /CERT_NOT_YET_VALID/,
    kind: "transient",
    what: "its certificate is not valid yet",
    remedy: "Set this machine's clock (timedatectl): a device without a battery starts with a wrong time.",
  },
  {
    pattern: /ERR_TLS_CERT_ALTNAME_INVALID/,
    kind: "config",
    what: "its certificate is for another host name",
    remedy:
      "Set mqtt.host to a name in the certificate, or, in a network you trust, mqtt.tls_insecure: true.",
  },
  {
    pattern:
      /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_(SIGNATURE|UNTRUSTED|REJECTED)|INVALID_CA|CERTIFICATE_SIGNATURE_FAILURE/,
    kind: "config",
    what: "its certificate is not signed by an authority that this agent trusts",
    remedy:
      "Set mqtt.tls_ca_certs to the certificate (PEM) of the authority that signed the broker's certificate.",
  },
  {
    pattern: /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/,
    kind: "config",
    what: "it requires a client certificate",
    remedy: "Set mqtt.tls_client_cert and mqtt.tls_client_key to the pair that the broker's owner gave you.",
  },
  {
    pattern:
      /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/,
    kind: "config",
    what: "it does not accept this agent's certificate",
    remedy:
      "Set mqtt.tls_client_cert and mqtt.tls_client_key to a pair that the broker's authority has signed.",
  },
  {
    pattern: /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/,
    kind: "config",
    what: "it does not speak TLS on this port",
    remedy: "Set mqtt.port to the broker's TLS port (most often 8883), or mqtt.tls: false.",
  },
  {
    // Mosquitto does this on a port without TLS, and so does any broker that is stopping.
    pattern: /ECONNRESET|BEFORE_SECURE_TLS_CONNECTION/,
    kind: "transient",
    what: "it closes the connection before the TLS handshake is complete",
    remedy: "If this persists, set mqtt.port to the broker's TLS port (most often 8883).",
  },
];

/** Explains why a broker could not be reached if TLS was the reason; undefined otherwise. */
export function explainTls(error: Error, address: string): ConfigError | TransientError | undefined {
  // OpenSSL's reason is in the code (ERR_SSL_WRONG_VERSION_NUMBER), or in the message of an EPROTO (wrong version number).
  const text = `${errorCode(error) ?? ""} ${error.message}`.toUpperCase().replaceAll(" ", "_");
  const explanation = EXPLANATIONS.find(({ pattern }) => pattern.test(text));
  if (explanation === undefined) return undefined;
  const { kind, what, remedy } = explanation;
  const message = `no TLS connection to the broker ${address}: ${what} (${plainText(error.message.trim())})`;
  return kind === "config"
    ? new ConfigError(message, remedy, { cause: error })
    : new TransientError(message, remedy, { cause: error });
}
