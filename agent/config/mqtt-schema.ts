import { isIPv6 } from "node:net";
import { z } from "zod";
import { hostMistake } from "../base/host-mistake.ts";
import { FilePathSchema } from "./file-path.ts";
import { expectedTopic, LONGEST_TOPIC, TOPIC } from "./topic-name.ts";

/** MQTT ports assigned by IANA. */
const PORT = { plain: 1883, tls: 8883 } as const;

/** A name, or an address without brackets and port. A lone colon would be a port, or a login whose host is missing. */
const HOST = /^(?:[\p{L}\p{N}._-]+|(?=.*:.*:)[0-9a-fA-F:.]+(?:%[\w.-]+)?)$/u;
const ONLY_A_HOST =
  "only a host name or an IP address (IPv6 without brackets: ::1); the login belongs in mqtt.user and mqtt.password, the port in mqtt.port, TLS in mqtt.tls";

/** The longest string and the longest password of MQTT (3.1.1, section 1.5.3). */
const MOST_BYTES = 65_535;
const isShort = (text: string) => Buffer.byteLength(text) <= MOST_BYTES;
const TOO_LONG = `at most ${MOST_BYTES} bytes, the most that MQTT can send`;
/** MQTT forbids NUL, and brokers may refuse other control characters (section 1.5.3). */
const NO_CONTROL = /^[^\p{Cc}\p{Cs}]*$/u;
const CONTROL = "text without control characters, which MQTT does not allow";

function expectedHost(host: string): string | undefined {
  const mistake = hostMistake(host);
  return mistake && `${mistake.expected} (${mistake.remedy})`;
}

/** The broker. TLS keys are Frigate's; `tls` is added for brokers with a certificate from a public authority. */
export const MqttSchema = z
  .strictObject({
    host: z
      .string()
      .regex(HOST, { error: ONLY_A_HOST, abort: true })
      .refine((host) => !host.includes(":") || isIPv6(host), { error: ONLY_A_HOST, abort: true })
      .refine((host) => hostMistake(host) === undefined, {
        error: ({ input }) => expectedHost(String(input)),
      })
      .describe("Name or address of the broker."),
    port: z
      .int()
      .min(1)
      .max(65535)
      .optional()
      .describe(`TCP port of the broker; default ${PORT.plain}, with TLS ${PORT.tls}.`),
    user: z
      .string()
      .min(1)
      .regex(NO_CONTROL, { error: CONTROL })
      .refine(isShort, { error: TOO_LONG })
      .optional()
      .describe("User name at the broker."),
    password: z
      .string()
      .refine(isShort, { error: TOO_LONG })
      .optional()
      .describe("Password at the broker; preferably from the environment: {NAME}."),
    password_file: FilePathSchema.optional().describe(
      "File that contains the password; instead of password.",
    ),
    tls: z
      .boolean()
      .optional()
      .describe("Encrypt the connection; default true if another tls_ key is set, else false."),
    tls_ca_certs: FilePathSchema.optional().describe(
      "PEM file of the authorities trusted to sign the broker's certificate; default: public ones.",
    ),
    tls_client_cert: FilePathSchema.optional().describe("PEM file of the client certificate for the broker."),
    tls_client_key: FilePathSchema.optional().describe("PEM file of the private key of tls_client_cert."),
    tls_insecure: z
      .boolean()
      .default(false)
      .describe("true: accept a valid certificate of the broker that is for another host name."),
    client_id: z
      .string()
      .min(1)
      .max(200)
      .regex(NO_CONTROL, { error: CONTROL })
      .default("sabrewing")
      .describe("MQTT client identifier; must be different for each agent at a broker."),
    topic_prefix: z
      .string()
      .max(LONGEST_TOPIC)
      .regex(TOPIC, { error: ({ input }) => expectedTopic(String(input)) })
      .default("sabrewing")
      .describe("First level of every topic; frigate lets the agent replace Frigate."),
    stats_interval: z.int().min(1).default(60).describe("Seconds between two messages on <prefix>/stats."),
  })
  .superRefine((mqtt, context) => {
    const refuse = (key: string, error: string) =>
      context.addIssue({ code: "custom", path: [key], params: { isKey: true }, message: error });
    for (const key of ["password", "password_file"] as const) {
      if (mqtt[key] === undefined || mqtt.user !== undefined) continue;
      refuse(key, "MQTT sends a password only together with a user: also set user");
    }
    if (mqtt.tls_client_key !== undefined && mqtt.tls_client_cert === undefined)
      refuse("tls_client_key", "the certificate is missing: also set tls_client_cert");
    if (mqtt.tls_client_cert !== undefined && mqtt.tls_client_key === undefined)
      refuse("tls_client_cert", "the private key is missing: also set tls_client_key");
    if (mqtt.tls === false && asksForTls(mqtt))
      refuse("tls", "tls is false, but other tls_ keys are set: remove tls or the other keys");
  })
  .transform((mqtt) => {
    const tls = mqtt.tls ?? asksForTls(mqtt);
    return { ...mqtt, tls, port: mqtt.port ?? (tls ? PORT.tls : PORT.plain) };
  })
  .describe("The MQTT broker that receives the events.");

/** Keys with file names, which may be relative to the configuration file. */
export const MQTT_FILES = ["tls_ca_certs", "tls_client_cert", "tls_client_key"] as const;

function asksForTls(mqtt: {
  readonly tls_ca_certs?: string | undefined;
  readonly tls_client_cert?: string | undefined;
  readonly tls_client_key?: string | undefined;
  readonly tls_insecure: boolean;
}): boolean {
  return mqtt.tls_insecure || MQTT_FILES.some((key) => mqtt[key] !== undefined);
}
