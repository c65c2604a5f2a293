import { accessSync, constants } from "node:fs";
import { type Document, LineCounter, parseDocument } from "yaml";
import { withoutCredentials, withoutPossibleLogin } from "../base/address.ts";
import { shortReason } from "../base/error-code.ts";
import { ConfigError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import { manualFile } from "../program-folder.ts";
import { type Environment, fillFromEnvironment } from "./environment.ts";
import { inheritSections, placeInherited } from "./global-sections.ts";
import { configJsonSchema } from "./json-schema.ts";
import { locator } from "./locate.ts";
import { withMergedKeys } from "./merge-keys.ts";
import { MQTT_FILES } from "./mqtt-schema.ts";
import { pathNamedIn, withAbsolutePaths } from "./named-paths.ts";
import { describeExpected, describeIssues, type Problem } from "./problems.ts";
import { MOST_BYTES, readBytes, readText } from "./read-text.ts";
import { repeatedKeys } from "./repeated-keys.ts";
import { type AgentConfig, AgentConfigSchema } from "./schema.ts";
import { NO_SECRETS_FILE, readSecretsFile, type SecretsFile } from "./secrets-file.ts";
import { decodeText, hiddenCharacters } from "./text-encoding.ts";
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
      `Correct these lines. ${manualFile()} explains every key.`,
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
  const filled = fillFromEnvironment(asWritten, all, ({ path, name }) => {
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
      placeInherited(found, asWritten).filter(({ path }) => !unset.has(path.join("\n"))),
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

/** A YAML file as it was written. */
export interface WrittenConfig {
  readonly document: Document;
  readonly lines: LineCounter;
  /** With merge keys applied, without `x-` blocks. */
  readonly asWritten: unknown;
  readonly mergeProblems: readonly Problem[];
}

const NOT_A_STRING_KEY = 'a key must be a string; put quotes around a {NAME} from the environment: "{NAME}"';

/** @throws InvalidConfig for invalid YAML, and for YAML that would exhaust memory or take minutes. */
export function readYaml(text: string, file: string): WrittenConfig {
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
  const hidden = hiddenCharacters(text).slice(0, MOST_PROBLEMS);
  if (hidden.length > 0) throw new InvalidConfig(hidden.map((problem) => ({ file, key: "", ...problem })));
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
    const mergeProblems: Problem[] = [];
    const merged = withMergedKeys(document.toJS(), (problem) => mergeProblems.push(problem));
    return { document, lines, asWritten: withoutExtensions(merged), mergeProblems };
  } catch (error) {
    // The parser throws ReferenceError for exponential aliases ("billion laughs"), RangeError for endless brackets.
    if (error instanceof ReferenceError) throw new InvalidConfig([refuse(unquoted(error.message), 0)]);
    if (error instanceof RangeError) throw new InvalidConfig([refuse("nested too deeply", 0)]);
    throw error;
  }
}

/** Removes the blocks at the top that only hold anchors for aliases: their names start with `x-`. */
function withoutExtensions(config: unknown): unknown {
  if (typeof config !== "object" || config === null || Array.isArray(config)) return config;
  return Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith("x-")));
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
function withMqttFiles(config: AgentConfig, file: string, problems: Problem[]): AgentConfig {
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

/** Cleans text that a message quotes from a configuration, which may come from someone else. */
function quotable(text: string, longest = LONGEST_MESSAGE): string {
  return plainText(withoutCredentials(text), longest);
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
