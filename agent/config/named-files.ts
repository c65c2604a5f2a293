import { accessSync, constants } from "node:fs";
import { shortReason } from "../base/error-code.ts";
import { MQTT_FILES } from "./mqtt-schema.ts";
import { pathNamedIn } from "./named-paths.ts";
import type { Problem } from "./problems.ts";
import { readText } from "./read-text.ts";
import type { AgentConfig } from "./schema.ts";
import { tokenProblem } from "./view-schema.ts";

/** Reads the files of secrets. Paths are relative to the configuration file. */
export function withSecretFiles(config: AgentConfig, file: string, problems: Problem[]): AgentConfig {
  const { mqtt, view } = config;
  const secret = (section: string, key: string, given: string | undefined, named: string | undefined) => {
    if (named === undefined) return given;
    const refuse = (message: string) => {
      problems.push({ path: [section, `${key}_file`], message });
      return undefined;
    };
    if (given !== undefined) return refuse(`set either ${key} or ${key}_file, not both`);
    try {
      return readText(pathNamedIn(file, named)).replace(/\r?\n$/, "");
    } catch (error) {
      return refuse(`cannot read this file (${shortReason(error)})`);
    }
  };
  const password = secret("mqtt", "password", mqtt.password, mqtt.password_file);
  const token = secret("view", "token", view.token, view.token_file);
  const problem = token && tokenProblem(token);
  if (problem) problems.push({ path: ["view", "token_file"], message: `this file must contain ${problem}` });
  return { ...config, mqtt: { ...mqtt, password }, view: { ...view, token } };
}

/** Resolves the files for the broker's TLS connection. Paths are relative to the configuration file. */
export function withMqttFiles(config: AgentConfig, file: string, problems: Problem[]): AgentConfig {
  const found = MQTT_FILES.flatMap((key) => {
    const named = config.mqtt[key];
    if (named === undefined) return [];
    const path = pathNamedIn(file, named);
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      problems.push({ path: ["mqtt", key], message: `cannot read this file (${shortReason(error)})` });
    }
    return [[key, path] as const];
  });
  return { ...config, mqtt: { ...config.mqtt, ...Object.fromEntries(found) } };
}
