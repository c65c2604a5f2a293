import type { HomeAssistantConfig, MqttConfig } from "../config/schema.ts";
import {
  type AnnouncedCamera,
  agentEntities,
  cameraEntities,
  type Entities,
  whileAgentIsThere,
  whileCameraIsThere,
} from "./home-entities.ts";
import type { Message } from "./message.ts";

/** What is announced to Home Assistant. */
export interface Household {
  readonly homeassistant: HomeAssistantConfig;
  readonly mqtt: Pick<MqttConfig, "topic_prefix" | "client_id" | "stats_interval">;
  readonly cameras: readonly AnnouncedCamera[];
  /** The model's name. */
  readonly detector: string;
  readonly version: string;
}

/** Everything ever announced: by topic, the platform of each of its entities. */
export type Announced = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What to tell Home Assistant, and what to remember of it. */
export interface Announcement {
  readonly messages: readonly Message[];
  readonly announced: Announced;
}

/** Where Home Assistant tells that it has started (its birth message). */
export function homeStatusTopic({ discovery_prefix }: HomeAssistantConfig): string {
  return `${discovery_prefix}/status`;
}

/**
 * One message per device (Home Assistant 2024.11 and later): the agent, and each camera.
 *
 * Removal: an entity that is no more stays in its device's message as nothing but its platform, and a device that is no
 * more gets an empty message, at this and all later starts: nobody says when every Home Assistant has heard it.
 * @param before what earlier runs announced
 */
export function announce(household: Household, before: Announced): Announcement {
  const { homeassistant, mqtt, cameras, detector, version } = household;
  const node = mqtt.client_id.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  const prefix = mqtt.topic_prefix;
  const o = { name: "Sabrewing", sw: version };
  const made = { mf: "Sabrewing", sw: version };
  const name = mqtt.client_id === "sabrewing" ? "Sabrewing" : `Sabrewing ${mqtt.client_id}`;
  const agent = {
    id: node,
    payload: { dev: { ids: [node], name, mdl: "Agent", ...made }, o, ...whileAgentIsThere(prefix) },
    entities: agentEntities(detector, mqtt),
  };
  const watched = cameras.map((camera) => {
    const id = `${node}_${camera.name}`;
    const title = camera.name.replaceAll("_", " ");
    const dev = { ids: [id], name: title, mdl: "Camera", ...made, via_device: node };
    return {
      id,
      payload: { dev, o, ...whileCameraIsThere(prefix, camera.name) },
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
