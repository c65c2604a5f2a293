import { z } from "zod";
import { AllowedHostsSchema } from "./allowed-hosts-schema.ts";
import { LONGEST_TOPIC, TOPIC } from "./topic-name.ts";

/** Discovery by Home Assistant: off, since it makes devices appear in somebody's house. */
export const HomeAssistantSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe("Announce cameras and what they see to Home Assistant, over the same broker."),
    discovery_prefix: z
      .string()
      .max(LONGEST_TOPIC)
      .regex(TOPIC, { error: "a topic without #, + and spaces" })
      .default("homeassistant")
      .describe("Where Home Assistant looks for announcements; as in its MQTT integration."),
  })
  .describe("Home Assistant, by MQTT discovery.");

/** Figures for Prometheus: off, and on this machine only, since they tell when somebody is at home. */
export const MetricsSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe("Serve figures for Prometheus on /metrics."),
    host: z
      .string()
      .min(1)
      .default("127.0.0.1")
      .describe("Address to listen on; 0.0.0.0: every machine that can reach this one may read them."),
    port: z.int().min(0).max(65535).default(9464).describe("TCP port; 0: any that is free."),
    allowed_hosts: AllowedHostsSchema.describe(
      "Host names of the server, besides IP addresses, localhost and this machine's name.",
    ),
  })
  .describe("Figures for Prometheus, over HTTP.");
