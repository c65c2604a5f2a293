import { z } from "zod";
import { LONGEST_TOPIC, TOPIC } from "./topic-name.ts";

/** Port numbers of MQTT, assigned by IANA. */
const PORT = { plain: 1883, tls: 8883 } as const;

const file = z.string().min(1);

/** The broker. TLS keys are Frigate's, and `tls` for brokers whose certificate a public authority has signed. */
export const MqttSchema = z
  .strictObject({
    host: z
      .string()
      .regex(/^[^\s\p{Cc}]+$/u, { error: "a host name or an address" })
      .describe("Name or address of the broker."),
    port: z
      .int()
      .min(1)
      .max(65535)
      .optional()
      .describe(`TCP port of the broker; default ${PORT.plain}, with TLS ${PORT.tls}.`),
    user: z.string().min(1).optional().describe("User name at the broker."),
    password: z.string().optional().describe("Password at the broker; better from the environment: {NAME}."),
    password_file: file.optional().describe("File that holds the password, instead of password."),
    tls: z
      .boolean()
      .optional()
      .describe("Encrypt the connection; default true where another tls_ key is set."),
    tls_ca_certs: file
      .optional()
      .describe(
        "PEM file of the authorities that may have signed the broker's certificate; default: public ones.",
      ),
    tls_client_cert: file.optional().describe("PEM file of the certificate this agent shows the broker."),
    tls_client_key: file.optional().describe("PEM file of its private key."),
    tls_insecure: z
      .boolean()
      .default(false)
      .describe(
        "true: the broker's certificate may be for another host name. It must be valid all the same.",
      ),
    client_id: z
      .string()
      .min(1)
      .max(200)
      .default("sabrewing")
      .describe("Must differ between agents at one broker."),
    topic_prefix: z
      .string()
      .max(LONGEST_TOPIC)
      .regex(TOPIC, { error: "a topic without #, + and spaces" })
      .default("sabrewing")
      .describe("First level of every topic; frigate lets the agent stand in for a Frigate."),
    stats_interval: z.int().min(1).default(60).describe("Seconds between two messages on <prefix>/stats."),
  })
  .superRefine((mqtt, context) => {
    const refuse = (key: string, error: string) =>
      context.addIssue({ code: "custom", path: [key], params: { isKey: true }, message: error });
    if (mqtt.tls_client_key !== undefined && mqtt.tls_client_cert === undefined)
      refuse("tls_client_key", "a key without a certificate: set tls_client_cert too");
    if (mqtt.tls_client_cert !== undefined && mqtt.tls_client_key === undefined)
      refuse("tls_client_cert", "a certificate without its key: set tls_client_key too");
    if (mqtt.tls === false && asksForTls(mqtt))
      refuse("tls", "tls is off, but other tls_ keys are set: leave out either");
  })
  .transform((mqtt) => {
    const tls = mqtt.tls ?? asksForTls(mqtt);
    return { ...mqtt, tls, port: mqtt.port ?? (tls ? PORT.tls : PORT.plain) };
  })
  .describe("The broker that events go to.");

/** The keys of files, relative to the configuration file where they are relative. */
export const MQTT_FILES = ["tls_ca_certs", "tls_client_cert", "tls_client_key"] as const;

function asksForTls(mqtt: {
  readonly tls_ca_certs?: string | undefined;
  readonly tls_client_cert?: string | undefined;
  readonly tls_client_key?: string | undefined;
  readonly tls_insecure: boolean;
}): boolean {
  return mqtt.tls_insecure || MQTT_FILES.some((key) => mqtt[key] !== undefined);
}
