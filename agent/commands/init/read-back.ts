import { readEnvironmentFile } from "../../config/environment-file.ts";
import { parseConfig } from "../../config/load.ts";
import type { AgentConfig } from "../../config/schema.ts";
import { type FirstAnswers, firstConfig } from "./first-config.ts";

/**
 * The configuration that the agent will read from the files of these answers.
 * @param file its name, for messages
 * @throws InvalidConfig for a mistake in an answer, for example a duplicate label.
 */
export function readBack(answers: FirstAnswers, file = "sabrewing.yml"): AgentConfig {
  const { yaml, secrets } = firstConfig(answers);
  return parseConfig(yaml, file, readEnvironmentFile(secrets).variables);
}
