import { parseEnv } from "node:util";
import { parse } from "yaml";
import { ConfigError, UsageError } from "../../../agent/base/errors.ts";
import { convertFrigate } from "../../../agent/commands/init/frigate/convert.ts";
import { mappingOf } from "../../../agent/commands/init/frigate/values.ts";
import { writeYaml } from "../../../agent/commands/init/frigate/write-yaml.ts";
import { InvalidConfig } from "../../../agent/config/invalid-config.ts";
import { parseConfig } from "../../../agent/config/load.ts";
import { mutatedTree } from "./mutate-tree.ts";
import { acceptedUnless, type FuzzTarget } from "./target.ts";

const FRIGATE = `
version: 0.18-0
environment_vars: {FRIGATE_USER: admin}
mqtt: {host: "broker:1884", user: cam, password: "{FRIGATE_MQTT_PASSWORD}"}
detect: {width: 1280, height: 720, stationary: {interval: 50}}
objects: {track: [person, face], mask: {sky: {coordinates: "0,0,1280,0,640,100"}}, filters: {person: {min_area: 0.01}}}
snapshots: {enabled: true, retain: {default: 3}}
go2rtc: {streams: {door: ["rtsp://{FRIGATE_USER}:p%40ss@10.0.0.7/1#video=copy", "ffmpeg:door"], sub: "ffmpeg:door"}}
cameras:
  door:
    ffmpeg: {inputs: [{path: "rtsp://127.0.0.1:8554/sub", roles: [detect], hwaccel_args: preset-vaapi}]}
    zones: {Front Yard: {coordinates: ["0.1,0.5", "0.9,0.5", "0.9,1"], objects: person, filters: {person: {min_area: 9}}}}
    motion: {threshold: 25, mask: ["0,0,0.2,0,0.2,0.1"]}
    review: {alerts: {required_zones: Front Yard}}
    mqtt: {enabled: true}
  yard:
    enabled: false
    ffmpeg: {inputs: [{path: "rtsp://admin:p@ss@10.0.0.8/1", roles: [detect]}]}
    zones: {Front Yard: {coordinates: "0,0,640,0,640,480"}}
`;

/** The conversion of Frigate's configuration: it refuses a mutant, or writes a file that run accepts. */
export function frigateTarget(): FuzzTarget {
  const tree: unknown = parse(FRIGATE);
  return {
    make: (random) => mutatedTree(tree, random),
    feed: (mutant) => acceptedUnless(isRefusal, () => convert(mutant)),
  };
}

function isRefusal(error: unknown): boolean {
  return (error instanceof ConfigError && !(error instanceof InvalidConfig)) || error instanceof UsageError;
}

async function convert(mutant: unknown): Promise<void> {
  const { config, secrets, remarks } = await convertFrigate(mappingOf(mutant), {
    ...{ labels: ["person", "car"], model: "/m.wasm", broker: undefined },
    ...{ homeAssistant: false, keepThresholds: true, snapshotDirectory: "/snapshots" },
    streamSize: async () => undefined,
  });
  const yaml = writeYaml(config, remarks, "frigate.yml");
  // The user enters what is empty: an address where the variable is one.
  const entered = (name: string) => (yaml.includes(`path: "{${name}}"`) ? "rtsp://10.0.0.9/1" : "value");
  const env = Object.entries(parseEnv(secrets)).map(([name, value]) => [name, value || entered(name)]);
  parseConfig(yaml, "/sabrewing.yml", Object.fromEntries(env));
}
