import type { HomeAssistantConfig, MqttConfig } from "../config/schema.ts";
import {
  type AnnouncedCamera,
  agentEntities,
  cameraEntities,
  type Entities,
  whileAgentIsOnline,
  whileCameraIsOnline,
} from "./home-entities.ts";
import type { Message } from "./message.ts";

/** The facts that the announcement to Home Assistant is made from. */
export interface DiscoveryInput {
  readonly homeassistant: HomeAssistantConfig;
  readonly mqtt: Pick<MqttConfig, "topic_prefix" | "client_id" | "stats_interval">;
  readonly cameras: readonly AnnouncedCamera[];
  /** The model's name. */
  readonly detector: string;
  readonly version: string;
}

/** All entities ever announced: by topic, the platform of each entity. */
export type Announced = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The messages for Home Assistant, and the record of them for later runs. */
export interface Announcement {
  readonly messages: readonly Message[];
  readonly announced: Announced;
}

/** The topic of Home Assistant's birth message, which it publishes when it has started. */
export function homeStatusTopic({ discovery_prefix }: HomeAssistantConfig): string {
  return `${discovery_prefix}/status`;
}

/**
 * Makes one message per device (Home Assistant 2024.11 and later). The devices are the agent and each camera.
 *
 * A removed entity stays in the message of its device with only its platform. A removed device gets an empty message. Both
 * are repeated at all later starts, since the agent does not know when every Home Assistant has received them.
 * @param before the announcements of earlier runs
 */
export function announce(input: DiscoveryInput, before: Announced): Announcement {
  const { homeassistant, mqtt, cameras, detector, version } = input;
  const node = mqtt.client_id.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  const prefix = mqtt.topic_prefix;
  const o = { name: "Sabrewing", sw: version };
  const made = { mf: "Sabrewing", sw: version };
  const name = mqtt.client_id === "sabrewing" ? "Sabrewing" : `Sabrewing ${mqtt.client_id}`;
  const agent = {
    id: node,
    payload: { dev: { ids: [node], name, mdl: "Agent", ...made }, o, ...whileAgentIsOnline(prefix) },
    entities: agentEntities(detector, mqtt),
  };
  const watched = cameras.map((camera) => {
    const id = `${node}_${camera.name}`;
    const title = camera.name.replaceAll("_", " ");
    const dev = { ids: [id], name: title, mdl: "Camera", ...made, via_device: node };
    return {
      id,
      payload: { dev, o, ...whileCameraIsOnline(prefix, camera.name) },
      entities: cameraEntities(camera, mqtt),
    };
  });
  const devices = homeassistant.enabled ? [agent, ...watched] : [];

  const now = new Map(
    devices.map((device) => [`${homeassistant.discovery_prefix}/device/${device.id}/config`, device]),
  );
  const topics = [...new Set([...Object.keys(before), ...now.keys()])];
  const messages = topics.map((topic): Message => {
    const device = now.get(topic);
    if (device === undefined) return { topic, payload: "", retain: true, qos: 1 };
    const { id, payload, entities } = device;
    const cmps = { ...removed(before[topic] ?? {}), ...identified(id, entities) };
    return { topic, payload: JSON.stringify({ ...payload, cmps }), retain: true, qos: 1 };
  });
  const announced = topics.map((topic) => {
    const platforms = Object.entries(now.get(topic)?.entities ?? {}).map(([key, { p }]) => [key, p] as const);
    return [topic, { ...before[topic], ...Object.fromEntries(platforms) }] as const;
  });
  return { messages, announced: Object.fromEntries(announced) };
}

function identified(device: string, entities: Entities) {
  return Object.fromEntries(
    Object.entries(entities).map(([key, entity]) => [key, { ...entity, unique_id: `${device}:${key}` }]),
  );
}

function removed(platforms: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(platforms).map(([key, p]) => [key, { p }]));
}
