import { z } from "zod";
import { AllowedHostsSchema } from "./allowed-hosts-schema.ts";
import { expectedTopic, LONGEST_TOPIC, TOPIC } from "./topic-name.ts";

/** Home Assistant discovery. Off by default, because it adds devices to a household's Home Assistant. */
export const HomeAssistantSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe("Announce the cameras and their sensors to Home Assistant through the same broker."),
    discovery_prefix: z
      .string()
      .max(LONGEST_TOPIC)
      .regex(TOPIC, { error: ({ input }) => expectedTopic(String(input)) })
      .default("homeassistant")
      .describe("Discovery prefix, as set in Home Assistant's MQTT integration."),
  })
  .describe("Home Assistant through MQTT discovery.");

/** Prometheus metrics. Off and local by default, because they reveal when people are at home. */
export const MetricsSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe("Serve Prometheus metrics on /metrics."),
    host: z
      .string()
      .min(1)
      .default("127.0.0.1")
      .describe("Address to listen on; 0.0.0.0: all addresses, so other machines can read the metrics."),
    port: z.int().min(0).max(65535).default(9464).describe("TCP port; 0: any free port."),
    allowed_hosts: AllowedHostsSchema.describe(
      "Host names accepted in requests, besides IP addresses, localhost and this machine's name.",
    ),
  })
  .describe("Prometheus metrics over HTTP.");
