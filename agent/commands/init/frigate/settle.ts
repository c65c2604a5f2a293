import { parseEnv } from "node:util";
import { ConfigError } from "../../../base/errors.ts";
import type { Mapping } from "../../../base/mapping.ts";
import { fillFromEnvironment } from "../../../config/environment.ts";
import { inheritSections, placeInherited } from "../../../config/global-sections.ts";
import { configJsonSchema } from "../../../config/json-schema.ts";
import { describeExpected, describeIssues, type Problem } from "../../../config/problems.ts";
import { AgentConfigSchema } from "../../../config/schema.ts";
import type { Remarks } from "./remarks.ts";
import { mappingOf } from "./values.ts";

const MOST_ROUNDS = 100;
/** Stand for variables that the user must still set; the second where the variable begins the address of a stream. */
const ANY_VALUE = "value";
const ANY_ADDRESS = "rtsp://value/";

/**
 * Removes keys whose values Sabrewing does not accept, so that their defaults apply.
 * @param secrets the text of secrets.env
 * @throws ConfigError if no camera is left
 */
export function settle(config: Mapping, secrets: string, remarks: Remarks): Mapping {
  const streams = Object.values(mappingOf(config.cameras)).map((camera) =>
    JSON.stringify(mappingOf(camera).ffmpeg),
  );
  const anyValue = (name: string) =>
    streams.some((stream) => stream.includes(`"path":"{${name}}`)) ? ANY_ADDRESS : ANY_VALUE;
  const variables = Object.entries(parseEnv(secrets)).map(([name, value]) => [name, value || anyValue(name)]);
  const env: Readonly<Record<string, string>> = Object.fromEntries(variables);
  let settled = config;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (Object.keys(mappingOf(settled.cameras)).length === 0) {
      const reasons = remarks.all().filter(({ key }) => /^cameras\.[^.]+$/.test(key));
      throw new ConfigError(
        `Sabrewing can read none of the cameras: ${reasons.map(({ key, text }) => `${key}: ${text}`).join("; ")}`,
        "Write a configuration without --from: `sabrewing init --camera NAME=rtsp://…`.",
      );
    }
    const problems = problemsOf(settled, env);
    if (problems.length === 0) return settled;
    for (const problem of problems) settled = withoutProblem(settled, problem, remarks);
  }
  throw new Error(`expected a valid configuration after ${MOST_ROUNDS} corrections`);
}

function problemsOf(config: Mapping, env: Readonly<Record<string, string>>): readonly Problem[] {
  const filled = fillFromEnvironment(config, env, () => undefined);
  const result = AgentConfigSchema.safeParse(inheritSections(filled), { error: describeExpected });
  if (result.success) return [];
  const problems = describeIssues(result.error.issues, inheritSections(config), configJsonSchema());
  return placeInherited(problems, config);
}

function withoutProblem(config: Mapping, { path, message }: Problem, remarks: Remarks): Mapping {
  const keys = path.map(String);
  if (keys.join(".") === "mqtt.host") {
    remarks.add("todo", "mqtt.host", `${message}; 127.0.0.1 was written`);
    return { ...config, mqtt: { ...mappingOf(config.mqtt), host: "127.0.0.1" } };
  }
  const [cameras, camera, section, name] = keys;
  // A camera without a stream and a zone without corners have no effect.
  const isStream = cameras === "cameras" && section === "ffmpeg" && (name === "inputs" || name === undefined);
  const isArea = cameras === "cameras" && section === "zones" && keys[4] === "coordinates";
  const removed = isStream ? [cameras, camera ?? ""] : isArea ? keys.slice(0, 4) : keys;
  remarks.add("dropped", removed.join("."), message);
  return mappingOf(without(config, removed));
}

/** Removes the value at a path, or the deepest value above it that exists. */
function without(value: unknown, [key = "", ...rest]: readonly string[]): unknown {
  if (Array.isArray(value)) {
    const index = Number(key);
    if (rest.length === 0 || !(index in value)) return value.filter((_, at) => at !== index);
    return value.map((item, at) => (at === index ? without(item, rest) : item));
  }
  const mapping = mappingOf(value);
  const isNested = typeof mapping[key] === "object" && mapping[key] !== null;
  if (rest.length > 0 && isNested) return { ...mapping, [key]: without(mapping[key], rest) };
  const { [key]: _, ...others } = mapping;
  return others;
}
