import { isMapping, type Mapping } from "../../../base/mapping.ts";
import type { Remarks } from "./remarks.ts";

/** true: the conversion reads the key, and adds the remarks itself. A text: why the key is dropped. */
type Rule = true | string | Rules;
interface Rules {
  readonly [key: string]: Rule;
}

const RECORDS = "Sabrewing records no video";
const PAGE = "settings of Frigate's user interface; Sabrewing has a page of its own (view)";
const ENRICHMENTS =
  "Sabrewing does not recognise faces or number plates, and has no descriptions and no search";
const SOUNDS = "Sabrewing analyses no sound";
const ONVIF = "Sabrewing does not move cameras";
export const FFMPEG = "Sabrewing reads RTSP itself; ffmpeg only decodes";
const SYSTEM = "settings of Frigate's own services";
const IMAGES = "Sabrewing's JPEGs always show the whole frame with the box, without the time";
const PROFILES = "Sabrewing has no profiles; the settings outside them were converted";
const FOR_EVER = "Sabrewing tracks stationary objects until they leave";
const SPEED = "Sabrewing measures no speed";
const NAMES = "Sabrewing shows cameras and zones by their keys in the configuration";
const ALL_EVENTS = "Sabrewing keeps and publishes the images of all events";
const OWN_STATE = "Frigate's internal state";

const ffmpeg: Rules = {
  hwaccel_args: true,
  input_args: true,
  retry_interval: true,
  inputs: true,
  output_args: { detect: true, "*": FFMPEG },
  "*": FFMPEG,
};

const detect: Rules = {
  ...{ enabled: true, width: true, height: true, fps: true, min_initialized: true, max_disappeared: true },
  stationary: { interval: true, threshold: true, max_frames: FOR_EVER, classifier: FOR_EVER },
  annotation_offset: RECORDS,
};

const motion: Rules = {
  ...{ threshold: true, lightning_threshold: true, improve_contrast: true, contour_area: true },
  ...{ delta_alpha: true, frame_alpha: true, frame_height: true, mqtt_off_delay: true, mask: true },
  enabled: true,
  skip_motion_threshold: "Sabrewing has lightning_threshold only",
  ...{ raw_mask: OWN_STATE, enabled_in_config: OWN_STATE },
};

const zoneFilter: Rules = {
  ...{ min_area: true, max_area: true, min_ratio: true, max_ratio: true, min_score: true, threshold: true },
  mask: "filters of zones have no mask in Sabrewing",
  raw_mask: OWN_STATE,
};

const filter: Rules = { ...zoneFilter, mask: true };

const objects: Rules = {
  track: true,
  mask: true,
  filters: { "*": filter },
  genai: ENRICHMENTS,
  raw_mask: OWN_STATE,
};

const severity: Rules = {
  ...{ enabled: true, labels: true, required_zones: true, cutoff_time: true },
  enabled_in_config: OWN_STATE,
};

const review: Rules = { alerts: severity, detections: severity, genai: ENRICHMENTS };

const snapshots: Rules = {
  enabled: true,
  retain: {
    default: true,
    mode: RECORDS,
    objects: "Sabrewing keeps the images of all labels for the same time",
  },
  ...{
    timestamp: IMAGES,
    bounding_box: IMAGES,
    crop: IMAGES,
    height: IMAGES,
    quality: IMAGES,
    clean_copy: IMAGES,
  },
  required_zones: ALL_EVENTS,
};

const common: Rules = {
  ...{ ffmpeg, detect, motion, objects, review, snapshots },
  ...{ record: RECORDS, birdseye: PAGE, live: PAGE, timestamp_style: PAGE, rtmp: RECORDS },
  ...{ audio: SOUNDS, audio_transcription: SOUNDS },
  ...{ face_recognition: ENRICHMENTS, lpr: ENRICHMENTS, semantic_search: ENRICHMENTS, genai: ENRICHMENTS },
  notifications: "Sabrewing publishes over MQTT only; use Home Assistant or another client for notifications",
};

const zone: Rules = {
  ...{ coordinates: true, inertia: true, loitering_time: true, objects: true, enabled: true },
  filters: { "*": zoneFilter },
  friendly_name: NAMES,
  ...{ distances: SPEED, speed_threshold: SPEED, enabled_in_config: OWN_STATE },
};

const camera: Rules = {
  ...common,
  enabled: true,
  zones: { "*": zone },
  mqtt: {
    enabled: true,
    ...{ timestamp: IMAGES, bounding_box: IMAGES, crop: IMAGES, height: IMAGES, quality: IMAGES },
    required_zones: ALL_EVENTS,
  },
  ...{
    ui: PAGE,
    webui_url: PAGE,
    friendly_name: NAMES,
    best_image_timeout: "Sabrewing chooses the best image itself",
  },
  ...{ onvif: ONVIF, triggers: ENRICHMENTS, profiles: PROFILES, enabled_in_config: OWN_STATE },
  type: "Sabrewing recognises no number plates",
};

const FRIGATE_KEYS: Rules = {
  ...common,
  mqtt: {
    ...{
      enabled: true,
      host: true,
      port: true,
      user: true,
      password: true,
      client_id: true,
      topic_prefix: true,
    },
    ...{ tls_ca_certs: true, tls_client_cert: true, tls_client_key: true, tls_insecure: true },
    stats_interval: true,
    qos: "Sabrewing chooses the QoS of each topic: 1 for events, reviews and states, 0 for counts and statistics",
  },
  cameras: { "*": camera },
  go2rtc: { streams: true, rtsp: true, "*": "Sabrewing does not restream; it reads the cameras themselves" },
  environment_vars: true,
  model: true,
  detectors: "Sabrewing has one detector, which runs on the CPU (detector)",
  ...{ ui: PAGE, camera_groups: PAGE, profiles: PROFILES, active_profile: PROFILES },
  classification: ENRICHMENTS,
  ...{ database: SYSTEM, logger: SYSTEM, auth: SYSTEM, tls: SYSTEM, proxy: SYSTEM, networking: SYSTEM },
  ...{ telemetry: SYSTEM, safe_mode: SYSTEM, version: true },
};

/** Remarks on every key of a Frigate configuration that the conversion does not read. Cameras have their keys in common. */
export function remarkDroppedKeys(file: Mapping, remarks: Remarks): void {
  visit(file, FRIGATE_KEYS, [], remarks);
}

function visit(value: Mapping, rules: Rules, path: readonly string[], remarks: Remarks): void {
  for (const [key, below] of Object.entries(value)) {
    const rule = (Object.hasOwn(rules, key) ? rules[key] : undefined) ?? rules["*"];
    const here = [...path, key];
    // The same key of several cameras gets one remark.
    const shown = (here[0] === "cameras" && here.length > 2 ? here.slice(2) : here).join(".");
    if (rule === undefined) remarks.add("dropped", shown, "Sabrewing does not know this key");
    else if (typeof rule === "string") remarks.add("dropped", shown, rule);
    else if (rule !== true && isMapping(below)) visit(below, rule, here, remarks);
  }
}
