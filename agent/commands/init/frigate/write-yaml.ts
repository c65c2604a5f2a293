import { stringify } from "yaml";
import type { Mapping } from "../../../base/mapping.ts";
import { plainText } from "../../../base/plain-text.ts";
import { type Remark, remarkLines } from "./remarks.ts";

/** The comment above each section. */
const COMMENTS: Readonly<Record<string, string>> = {
  mqtt: "The MQTT broker that receives the events.",
  model: "The detector module, written by sabrewing pull or sabrewing compile.",
  homeassistant: "true: announce the cameras to Home Assistant through the same broker.",
  ffmpeg: "The streams of the cameras. Each camera can override these keys.",
  detect: "The frames for detection. Each camera can override these keys.",
  motion: "The motion gate. Each camera can override these keys.",
  objects: "The objects to track. Each camera can override these keys.",
  snapshots: "enabled: publish a JPEG of each object. directory: keep the best JPEG of each event there.",
  review: "Which objects make an alert or a detection.",
  cameras: "The cameras by name.",
};

const LONGEST_REMARK = 500;

/** The text of sabrewing.yml, with the remarks as comments. @param source Frigate's file */
export function writeYaml(config: Mapping, remarks: readonly Remark[], source: string): string {
  const sections = Object.entries(config).flatMap(([key, value]) => [
    "",
    ...(COMMENTS[key] === undefined ? [] : [`# ${COMMENTS[key]}`]),
    // Texts in quotes have the same meaning in every version of YAML.
    stringify(
      { [key]: value },
      { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", lineWidth: 0 },
    ).trimEnd(),
  ]);
  return [
    `# Written by sabrewing init from ${plainText(source, LONGEST_REMARK)}. config/sabrewing.yml, which comes with sabrewing, describes every key.`,
    "# Run sabrewing check after a change. Passwords are in secrets.env, in the same folder.",
    ...remarkLines(remarks).map((line) => `# ${plainText(line, LONGEST_REMARK)}`),
    ...sections,
    "",
  ].join("\n");
}
