import { accessSync, constants } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import { withoutCredentials, withoutPossibleLogin } from "../base/address.ts";
import { ConfigError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import { type Environment, fillFromEnvironment } from "./environment.ts";
import { configJsonSchema } from "./json-schema.ts";
import { MQTT_FILES } from "./mqtt-schema.ts";
import { describeExpected, describeIssues, type Problem } from "./problems.ts";
import { MOST_BYTES, readText } from "./read-text.ts";
import { repeatedKeys } from "./repeated-keys.ts";
import { type AgentConfig, AgentConfigSchema } from "./schema.ts";
import { tokenProblem } from "./view-schema.ts";

/** The configuration files to try, in this order, if none is named. */
export const DEFAULT_CONFIG_FILES: readonly string[] = ["/etc/sabrewing/sabrewing.yml", "./sabrewing.yml"];

/** Longest key and longest message, in characters. */
const LONGEST_KEY = 200;
const LONGEST_MESSAGE = 1000;
/** The YAML library takes time that grows with the square of the number of lines. */
const MOST_LINES = 10_000;
/** Maximum number of mistakes that are shown, and that are collected. */
const MOST_SHOWN = 100;
const MOST_PROBLEMS = 1000;

/** A mistake and its position. */
export interface ConfigProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `cameras.door.detect.fps`; empty for the whole file. */
  readonly key: string;
  readonly message: string;
}

/** A configuration with mistakes: all, or the first thousand. */
export class InvalidConfig extends ConfigError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.slice(0, MOST_SHOWN).map(({ file, line, column, key, message }) => {
      return `  ${plainText(file, LONGEST_MESSAGE)}:${line}:${column}: ${key === "" ? "" : `${key}: `}${message}`;
    });
    const count =
      problems.length === 1
        ? "1 mistake"
        : `${problems.length} mistakes${problems.length < MOST_PROBLEMS ? "" : " or more"}`;
    const more = problems.length - lines.length;
    super(
      `${count} in the configuration\n${lines.join("\n")}${more > 0 ? `\n  … and ${more} more` : ""}`,
      "Correct these lines. config/sabrewing.yml explains every key.",
    );
    this.problems = problems;
  }
}

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
    const text = readIfThere(file, path !== undefined);
    if (text !== undefined) return { config: parseConfigFile(text, file, env), file };
  }
  throw new ConfigError(
    `no configuration found: ${searched.join(" and ")} do not exist`,
    "Write one with `sabrewing init`, or name a file with --config.",
  );
}

/** Validates a text as `loadConfig` validates the file: with the variables of the file of secrets beside it. */
export function parseConfigFile(text: string, file: string, env: Environment): AgentConfig {
  return parseConfig(text, file, { ...readSecretsFile(file), ...env });
}

/** The file of environment variables that `init` writes and systemd passes to the service (EnvironmentFile). */
export const SECRETS_FILE = "secrets.env";

/** Reads that file, so that `check` on the command line has the service's variables. The environment overrides it. */
function readSecretsFile(configFile: string): Environment {
  try {
    return parseEnv(readText(join(dirname(configFile), SECRETS_FILE)));
  } catch {
    // Missing, or not readable for this user. The service's user cannot read it either; there, systemd sets the variables.
    return {};
  }
}

/**
 * Validates the text of a configuration file.
 * @param file its name, for messages and relative paths.
 * @throws InvalidConfig with all mistakes.
 */
export function parseConfig(text: string, file: string, env: Environment): AgentConfig {
  const { document, lines, asWritten } = readYaml(text, file);
  let problems: Problem[] = [];
  const filled = fillFromEnvironment(asWritten, env, (problem) => problems.push(problem));
  const result = AgentConfigSchema.safeParse(filled, { error: describeExpected });
  if (!result.success) {
    // A value with an unset variable is incomplete: ignore other mistakes in it.
    const unset = new Set(problems.map(({ path }) => path.join("\n")));
    const found = describeIssues(result.error.issues, asWritten, configJsonSchema());
    problems = problems.concat(found.filter(({ path }) => !unset.has(path.join("\n"))));
  }
  const config = result.success
    ? withMqttFiles(withSecretFiles(result.data, file, problems), file, problems)
    : undefined;
  if (config === undefined || problems.length > 0) {
    // Locating the mistakes takes time that grows with the square of their number.
    const placed = problems.slice(0, MOST_PROBLEMS).map((problem) => ({
      file,
      ...locate(document, lines, problem),
      ...describe(problem),
    }));
    throw new InvalidConfig(placed.sort((a, b) => a.line - b.line || a.column - b.column));
  }
  return config;
}

interface WrittenConfig {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly asWritten: unknown;
}

const NOT_A_STRING_KEY = 'a key must be a string; put quotes around a {NAME} from the environment: "{NAME}"';

/** @throws InvalidConfig for invalid YAML, and for YAML that would exhaust memory or take minutes. */
function readYaml(text: string, file: string): WrittenConfig {
  const lines = new LineCounter();
  const refuse = (message: string, offset: number): ConfigProblem => {
    const { line, col } = lines.linePos(offset);
    return {
      file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      key: "",
      message: `not valid YAML: ${quotable(message)}`,
    };
  };
  if (text.split("\n", MOST_LINES + 1).length > MOST_LINES) {
    const message = `expected at most ${MOST_LINES} lines`;
    throw new InvalidConfig([{ file, line: MOST_LINES + 1, column: 1, key: "", message }]);
  }
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      uniqueKeys: false,
    });
    const broken = [...document.errors, ...document.warnings, ...repeatedKeys(document)];
    // The parser can only guess the meaning of invalid YAML, so further mistakes in it would be guesses too.
    if (broken.length > 0) {
      throw new InvalidConfig(
        broken
          .slice(0, MOST_PROBLEMS)
          .map(({ code, pos, message }) =>
            refuse(code === "NON_STRING_KEY" ? NOT_A_STRING_KEY : unquoted(message), pos[0]),
          ),
      );
    }
    return { document, lines, asWritten: document.toJS() };
  } catch (error) {
    // The parser throws ReferenceError for exponential aliases ("billion laughs"), RangeError for endless brackets.
    if (error instanceof ReferenceError) throw new InvalidConfig([refuse(unquoted(error.message), 0)]);
    if (error instanceof RangeError) throw new InvalidConfig([refuse("nested too deeply", 0)]);
    throw error;
  }
}

/** Removes quoted text from the parser's message: it may be part of a password without quotes. */
function unquoted(message: string): string {
  return message.replace(/(?<! ): .*$|(?<=^Unknown directive) .*$/s, "");
}

/** Reads the files of secrets. Paths are relative to the configuration file. */
function withSecretFiles(config: AgentConfig, file: string, problems: Problem[]): AgentConfig {
  const { mqtt, view } = config;
  const secret = (section: string, key: string, given: string | undefined, named: string | undefined) => {
    if (named === undefined) return given;
    const refuse = (message: string) => {
      problems.push({ path: [section, `${key}_file`], message });
      return undefined;
    };
    if (given !== undefined) return refuse(`set either ${key} or ${key}_file, not both`);
    try {
      return readText(resolve(dirname(file), named)).replace(/\r?\n$/, "");
    } catch (error) {
      return refuse(`cannot read this file (${errorCode(error)})`);
    }
  };
  const password = secret("mqtt", "password", mqtt.password, mqtt.password_file);
  const token = secret("view", "token", view.token, view.token_file);
  const problem = token && tokenProblem(token);
  if (problem) problems.push({ path: ["view", "token_file"], message: `this file must contain ${problem}` });
  return { ...config, mqtt: { ...mqtt, password }, view: { ...view, token } };
}

/** Resolves the files for the broker's TLS connection. Paths are relative to the configuration file. */
function withMqttFiles(config: AgentConfig, file: string, problems: Problem[]): AgentConfig {
  const found = MQTT_FILES.flatMap((key) => {
    const named = config.mqtt[key];
    if (named === undefined) return [];
    const path = resolve(dirname(file), named);
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      problems.push({ path: ["mqtt", key], message: `cannot read this file (${errorCode(error)})` });
    }
    return [[key, path] as const];
  });
  return { ...config, mqtt: { ...config.mqtt, ...Object.fromEntries(found) } };
}

/** Cleans text that a message quotes from a configuration, which may come from someone else. */
function quotable(text: string, longest = LONGEST_MESSAGE): string {
  return plainText(withoutCredentials(text), longest);
}

function describe({ path, message }: Problem): { key: string; message: string } {
  const keys = path.map((key) => withoutPossibleLogin(String(key)));
  return { key: quotable(keys.join("."), LONGEST_KEY), message: quotable(message) };
}

/** Line and column of a problem: those of its key or value, or of the nearest section above that exists. */
function locate(document: Document, lines: LineCounter, problem: Problem): { line: number; column: number } {
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (problem.isKey === true) {
    const parent = document.getIn(problem.path.slice(0, -1), true) ?? document.contents;
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => keyOf(key) === problem.path.at(-1))
      : undefined;
    if (isNode(pair?.key) && pair.key.range) return place(pair.key.range[0]);
  }
  for (let depth = problem.path.length; depth > 0; depth--) {
    const node = document.getIn(problem.path.slice(0, depth), true);
    if (isNode(node) && node.range) return place(node.range[0]);
  }
  return { line: 1, column: 1 };
}

function keyOf(key: unknown): unknown {
  return isScalar(key) ? String(key.value) : undefined;
}

/** Remedies by error code. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "Check the path in --config.",
  EISDIR: "Name the file in this folder.",
  EFBIG: `A configuration has at most ${MOST_BYTES / 1000} kB. Check the path in --config.`,
};

function readIfThere(file: string, required: boolean): string | undefined {
  try {
    return readText(file);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" && !required) return undefined;
    throw new ConfigError(
      `cannot read the configuration ${plainText(withoutPossibleLogin(file), LONGEST_MESSAGE)} (${code})`,
      UNREADABLE[code] ?? "Make the file readable for the user that runs sabrewing.",
      { cause: error },
    );
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
