import type { CameraConfig, MqttConfig } from "../config/schema.ts";
import { topicLevel } from "../config/topic-name.ts";
import type { SwitchName } from "../state/switches.ts";
import { commandTopic, switchStateTopic } from "./commands.ts";
import {
  availabilityTopic,
  cameraStatusTopic,
  countTopic,
  motionTopic,
  snapshotTopic,
  statsTopic,
} from "./topics.ts";

/** An entity of Home Assistant without its `unique_id`; keys are abbreviated as in home-assistant.io/integrations/mqtt. */
export interface Entity {
  /** The platform: `binary_sensor`, `sensor`, `switch`, `image`. */
  readonly p: string;
  readonly name: string;
  readonly [option: string]: unknown;
}

/** Entities by key. The key of an entity never changes within its device: automations and histories depend on it. */
export type Entities = Readonly<Record<string, Entity>>;

/** The settings of a camera that determine its entities. */
export type AnnouncedCamera = Pick<CameraConfig, "name" | "motion" | "objects" | "zones" | "snapshots">;

/** The settings that determine where and how often figures are published. */
export type StatsSettings = Pick<MqttConfig, "topic_prefix" | "stats_interval">;

const ONLINE = { pl_avail: "online", pl_not_avail: "offline" };

/** Available while the agent is connected to the broker. */
export function whileAgentIsOnline(prefix: string) {
  return { avty: [{ t: availabilityTopic(prefix), ...ONLINE }] };
}

/** Available while the agent is connected and the camera delivers frames: otherwise the last state is outdated. */
export function whileCameraIsOnline(prefix: string, camera: string) {
  return whileBoth(prefix, camera, "{{ 'offline' if value == 'offline' else 'online' }}");
}

/** As above, and the detector works: while it fails (`motion_only`), a count of 0 means nothing. */
function whileDetectionWorks(prefix: string, camera: string) {
  return whileBoth(prefix, camera, "{{ 'online' if value == 'online' else 'offline' }}");
}

function whileBoth(prefix: string, camera: string, val_tpl: string) {
  const agent = { t: availabilityTopic(prefix), ...ONLINE };
  return {
    avty: [agent, { t: cameraStatusTopic(prefix, camera), val_tpl, ...ONLINE }],
    avty_mode: "all",
  };
}

/** The entities of a camera: motion, objects in the camera and its zones, snapshots if they are on, the switches, health. */
export function cameraEntities(camera: AnnouncedCamera, mqtt: StatsSettings): Entities {
  const { name, motion, objects, zones, snapshots } = camera;
  const prefix = mqtt.topic_prefix;
  const places = [
    { place: name, title: "", labels: objects.track },
    ...zones.map((zone) => ({
      place: zone.name,
      title: zone.name,
      labels: zone.objects.length > 0 ? zone.objects : objects.track,
    })),
  ];
  return {
    ...(motion.enabled ? { motion: motionEntity(prefix, name) } : {}),
    ...Object.assign(
      {},
      ...places.flatMap(({ place, title, labels }) =>
        ["all", ...labels].map((label) => countEntities({ prefix, camera: name, place, title, label })),
      ),
    ),
    ...(snapshots.enabled
      ? Object.fromEntries(
          objects.track.map((label) => [`${topicLevel(label)}:image`, image(prefix, name, label)]),
        )
      : {}),
    detect: switchEntity(prefix, name, "detect", "Detect", "mdi:motion-sensor"),
    enabled: switchEntity(prefix, name, "enabled", "Enabled", "mdi:video"),
    ...(motion.enabled
      ? { motion_detection: switchEntity(prefix, name, "motion", "Motion detection", "mdi:run") }
      : {}),
    ...(snapshots.enabled || snapshots.directory !== undefined
      ? { snapshots: switchEntity(prefix, name, "snapshots", "Snapshots", "mdi:image") }
      : {}),
    connection: connection(prefix, name),
    problem: problem(prefix, name),
    ...cameraFigures(name, mqtt),
  };
}

/**
 * The entities of the agent.
 * @param detector the model's name, under which its figures are published
 */
export function agentEntities(detector: string, mqtt: StatsSettings): Entities {
  const ofDetector = `value_json.detectors[${JSON.stringify(detector)}]`;
  return {
    inference_speed: figure(mqtt, "Inference speed", `${ofDetector}.inference_speed`, {
      dev_cla: "duration",
      unit_of_meas: "ms",
    }),
    detection_fps: figure(mqtt, "Detections per second", "value_json.detection_fps", PER_SECOND),
    skipped_fps: figure(mqtt, "Skipped frames per second", "value_json.skipped_fps", PER_SECOND),
    uptime: figure(mqtt, "Uptime", "value_json.service.uptime", { dev_cla: "duration", unit_of_meas: "s" }),
  };
}

function motionEntity(prefix: string, camera: string): Entity {
  return { p: "binary_sensor", name: "Motion", dev_cla: "motion", stat_t: motionTopic(prefix, camera) };
}

interface CountedPlace {
  readonly prefix: string;
  readonly camera: string;
  /** The camera or one of its zones. */
  readonly place: string;
  /** The first part of the entity's name; empty for the camera itself. */
  readonly title: string;
  readonly label: string;
}

/** Occupancy, the number of objects, and the number of active objects (rarely needed, so disabled by default). */
function countEntities({ prefix, camera, place, title, label }: CountedPlace): Entities {
  const topic = countTopic(prefix, place, label);
  const what = label === "all" ? "object" : label;
  // Home Assistant splits its keys at spaces.
  const key = `${place}:${topicLevel(label)}`;
  const available = whileDetectionWorks(prefix, camera);
  const count = {
    p: "sensor",
    stat_cla: "measurement",
    unit_of_meas: "objects",
    ic: "mdi:counter",
    ...available,
  };
  return {
    [`${key}:occupancy`]: {
      p: "binary_sensor",
      name: words(title, label === "all" ? "" : label, "occupancy"),
      dev_cla: "occupancy",
      stat_t: topic,
      val_tpl: "{{ 'ON' if value | int(0) > 0 else 'OFF' }}",
      ...available,
    },
    [`${key}:count`]: { ...count, name: words(title, what, "count"), stat_t: topic },
    [`${key}:active`]: {
      ...count,
      name: words(title, "active", what, "count"),
      stat_t: `${topic}/active`,
      en: false,
    },
  };
}

function image(prefix: string, camera: string, label: string): Entity {
  const image_topic = snapshotTopic(prefix, camera, label);
  return { p: "image", name: words(label), image_topic, content_type: "image/jpeg" };
}

function switchEntity(prefix: string, camera: string, key: SwitchName, name: string, ic: string): Entity {
  return {
    p: "switch",
    name,
    ic,
    ent_cat: "config",
    cmd_t: commandTopic(prefix, camera, key),
    stat_t: switchStateTopic(prefix, camera, key),
    qos: 1,
    ...whileAgentIsOnline(prefix),
  };
}

function connection(prefix: string, camera: string): Entity {
  return {
    p: "binary_sensor",
    name: "Connection",
    dev_cla: "connectivity",
    ent_cat: "diagnostic",
    stat_t: cameraStatusTopic(prefix, camera),
    val_tpl: "{{ 'OFF' if value == 'offline' else 'ON' }}",
    ...whileAgentIsOnline(prefix),
  };
}

/** On while the camera delivers frames but the detector keeps failing. */
function problem(prefix: string, camera: string): Entity {
  return {
    p: "binary_sensor",
    name: "Detector problem",
    dev_cla: "problem",
    ent_cat: "diagnostic",
    stat_t: cameraStatusTopic(prefix, camera),
    val_tpl: "{{ 'ON' if value == 'motion_only' else 'OFF' }}",
    ...whileAgentIsOnline(prefix),
  };
}

const PER_SECOND = { unit_of_meas: "fps", ic: "mdi:speedometer" };

function cameraFigures(camera: string, mqtt: StatsSettings): Entities {
  const of = `value_json.cameras[${JSON.stringify(camera)}]`;
  return {
    camera_fps: figure(mqtt, "Frames per second", `${of}.camera_fps`, PER_SECOND),
    detection_fps: figure(mqtt, "Detections per second", `${of}.detection_fps`, PER_SECOND),
    skipped_fps: figure(mqtt, "Skipped frames per second", `${of}.skipped_fps`, PER_SECOND),
  };
}

/** A figure from `<prefix>/stats`. It expires after three intervals without a message. */
function figure(
  { topic_prefix, stats_interval }: StatsSettings,
  name: string,
  expression: string,
  unit: Readonly<Record<string, string>>,
): Entity {
  return {
    p: "sensor",
    name,
    ent_cat: "diagnostic",
    stat_cla: "measurement",
    stat_t: statsTopic(topic_prefix),
    val_tpl: `{{ ${expression} }}`,
    exp_aft: 3 * stats_interval,
    ...unit,
  };
}

/** `Front_door`, `person`, `count` → `Front door person count`. */
function words(...parts: readonly string[]): string {
  const text = parts.join(" ").replaceAll("_", " ").trim().replaceAll(/\s+/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
