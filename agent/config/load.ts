import { withoutPossibleLogin } from "../base/address.ts";
import { shortReason } from "../base/error-code.ts";
import { ConfigError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import { type Environment, fillFromEnvironment } from "./environment.ts";
import { inheritSections, placeInherited } from "./global-sections.ts";
import { InvalidConfig, LONGEST_MESSAGE, MOST_PROBLEMS, quotable } from "./invalid-config.ts";
import { configJsonSchema } from "./json-schema.ts";
import { locator } from "./locate.ts";
import { withMqttFiles, withSecretFiles } from "./named-files.ts";
import { withAbsolutePaths } from "./named-paths.ts";
import { describeExpected, describeIssues, type Problem } from "./problems.ts";
import { MOST_BYTES, readBytes } from "./read-text.ts";
import { readYaml } from "./read-yaml.ts";
import { type AgentConfig, AgentConfigSchema } from "./schema.ts";
import { NO_SECRETS_FILE, readSecretsFile, type SecretsFile } from "./secrets-file.ts";
import { decodeText } from "./text-encoding.ts";

/** The configuration files to try, in this order, if none is named. */
export const DEFAULT_CONFIG_FILES: readonly string[] = ["/etc/sabrewing/sabrewing.yml", "./sabrewing.yml"];

/** Longest key in a message, in characters. */
const LONGEST_KEY = 200;

export interface LoadedConfig {
  readonly config: AgentConfig;
  /** The file it came from. */
  readonly file: string;
}

/**
 * Reads and validates a configuration file.
 * @param path the file; undefined: the first of `searched` that exists.
 * @throws ConfigError if the file does not exist, InvalidConfig with all mistakes.
 */
export function loadConfig(
  path: string | undefined,
  env: Environment,
  searched: readonly string[] = DEFAULT_CONFIG_FILES,
): LoadedConfig {
  for (const file of path === undefined ? searched : [path]) {
    const bytes = readIfThere(file, path !== undefined);
    if (bytes !== undefined) return { config: parseConfigFile(bytes, file, env), file };
  }
  throw new ConfigError(
    `no configuration found: ${searched.join(" and ")} do not exist`,
    "Write one with `sabrewing init`, or name a file with --config.",
  );
}

/** Validates the content of a configuration file, with the variables of the file of secrets beside it. @throws InvalidConfig */
export function parseConfigFile(bytes: Uint8Array, file: string, env: Environment): AgentConfig {
  const decoded = decodeText(bytes);
  if ("problem" in decoded) throw new InvalidConfig([{ file, key: "", ...decoded.problem }]);
  return parseConfig(decoded.text, file, env, readSecretsFile(file));
}

/**
 * Validates the text of a configuration file.
 * @param file its name, for messages and relative paths.
 * @param secrets the file of variables beside it; `env` overrides it.
 * @throws InvalidConfig with all mistakes.
 */
export function parseConfig(
  text: string,
  file: string,
  env: Environment,
  secrets: SecretsFile = NO_SECRETS_FILE,
): AgentConfig {
  const { document, lines, asWritten, mergeProblems } = readYaml(text, file);
  let problems: Problem[] = [...mergeProblems];
  const all = { ...secrets.variables, ...env };
  const empty = new Map<string, string>();
  const filled = fillFromEnvironment(asWritten, all, ({ path, name, isEmpty }) => {
    if (isEmpty) {
      empty.set(path.join("\n"), name);
      return;
    }
    const why = secrets.whyUnset(name);
    const message = `the environment variable ${name} is not set${why === undefined ? "" : ` (${why})`}`;
    problems.push({ path, message });
  });
  const result = AgentConfigSchema.safeParse(inheritSections(filled), { error: describeExpected });
  if (!result.success) {
    // A value with an unset variable is incomplete: ignore other mistakes in it.
    const unset = new Set(problems.map(({ path }) => path.join("\n")));
    const found = describeIssues(result.error.issues, inheritSections(asWritten), configJsonSchema());
    problems = problems.concat(
      placeInherited(found, asWritten)
        .filter(({ path }) => !unset.has(path.join("\n")))
        .map((problem) => {
          // A value that is right only with a variable's value is not the mistake.
          const name = empty.get(problem.path.join("\n"));
          return name === undefined
            ? problem
            : { ...problem, message: `the environment variable ${name} is empty: set it in secrets.env` };
        }),
    );
  }
  const config = result.success
    ? withMqttFiles(withSecretFiles(withAbsolutePaths(result.data, file), file, problems), file, problems)
    : undefined;
  if (config === undefined || problems.length > 0) {
    // Locating the mistakes takes time that grows with the square of their number.
    const locate = locator(document, lines);
    const placed = problems.slice(0, MOST_PROBLEMS).map((problem) => ({
      file,
      ...locate(problem),
      ...describe(problem),
    }));
    throw new InvalidConfig(placed.sort((a, b) => a.line - b.line || a.column - b.column));
  }
  return config;
}

function describe({ path, message }: Problem): { key: string; message: string } {
  const keys = path.map((key) => withoutPossibleLogin(String(key)));
  return { key: quotable(keys.join("."), LONGEST_KEY), message: quotable(message) };
}

/** Remedies by error code. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "Check the path in --config.",
  EISDIR: "Name the file in this folder.",
  EFBIG: `A configuration has at most ${MOST_BYTES / 1000} kB. Check the path in --config.`,
};

function readIfThere(file: string, required: boolean): Buffer | undefined {
  try {
    return readBytes(file);
  } catch (error) {
    const code = shortReason(error);
    if (code === "ENOENT" && !required) return undefined;
    throw new ConfigError(
      `cannot read the configuration ${plainText(withoutPossibleLogin(file), LONGEST_MESSAGE)} (${code})`,
      UNREADABLE[code] ?? "Make the file readable for the user that runs sabrewing.",
      { cause: error },
    );
  }
}
