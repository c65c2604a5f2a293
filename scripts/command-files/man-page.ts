import { EXIT } from "../../agent/base/errors.ts";
import { DEFAULT_CONFIG_FILES } from "../../agent/config/load.ts";
import { SECRETS_FILE } from "../../agent/config/secrets-file.ts";
import type { DescribedCommand, DescribedOption, DescribedProgram } from "./describe-program.ts";

const EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [
    EXIT.ok,
    "success; also when a command that runs until it is interrupted (run, status, replay of a camera) is interrupted",
  ],
  [EXIT.different, "differences were found (replay --against), or another command was interrupted"],
  [EXIT.usage, "bad usage"],
  [EXIT.bug, "a bug in the program"],
  [EXIT.transient, "a failure that may be temporary: try again"],
  [EXIT.config, "the configuration or an input must be corrected"],
];

const FILES: readonly (readonly [string, string])[] = [
  [DEFAULT_CONFIG_FILES.join(", "), "the configuration; the first one that exists is used"],
  [`/etc/sabrewing/${SECRETS_FILE}`, "the passwords of the configuration, lines NAME='value'"],
  [
    "/usr/lib/sabrewing/config/sabrewing.yml",
    "the manual of the configuration: every key with an explanation",
  ],
  ["/var/lib/sabrewing", "the state of the service: events that are not yet delivered, switches"],
];

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["SABREWING_HOME", "folder for downloads and modules (default: ~/.cache/sabrewing)"],
  ["SABREWING_MQTT_PASSWORD, SABREWING_CAMERA_PASSWORD", "passwords for sabrewing init"],
  ["HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "the proxy for downloads"],
];

const SIGNALS: readonly (readonly [string, string])[] = [
  [
    "SIGHUP",
    "sabrewing run reads its configuration and its model again (systemctl reload sabrewing). The log names the changed keys, and those that need a restart.",
  ],
  ["SIGINT, SIGTERM", "ends the command."],
];

/** The man page sabrewing(1), in the man macros of groff(7). */
export function manPage(program: DescribedProgram): string {
  const { name, version, description, commands, options } = program;
  return [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    ".SH NAME",
    `${name} \\- watches RTSP cameras and publishes events over MQTT`,
    ".SH SYNOPSIS",
    `.B ${name}`,
    "\\fICOMMAND\\fR [\\fIoptions\\fR]",
    ".SH DESCRIPTION",
    escaped(description),
    ".SH OPTIONS",
    ...options.map(optionEntry),
    ".SH COMMANDS",
    ...commands.flatMap(commandSection),
    ...table("SIGNALS", SIGNALS),
    ...table("EXIT STATUS", EXIT_MEANINGS),
    ...table("ENVIRONMENT", ENVIRONMENT),
    ...table("FILES", FILES),
    ".SH SEE ALSO",
    ".BR mosquitto_sub (1),",
    ".BR ffmpeg (1),",
    ".BR systemctl (1)",
    "",
  ].join("\n");
}

function commandSection({
  usage,
  description,
  arguments: words,
  options,
  notes,
}: DescribedCommand): string[] {
  return [
    `.SS "${escaped(usage)}"`,
    escaped(`${description.charAt(0).toUpperCase()}${description.slice(1)}.`),
    ...words.map((word) => entry(`\\fI${escaped(word.usage)}\\fR`, word.description)),
    ...options.map(optionEntry),
    ...(notes === "" ? [] : [".PP", ".nf", ...notes.split("\n").map(escaped), ".fi"]),
  ];
}

function optionEntry({ short, long, value, description }: DescribedOption): string {
  const flags = [short, long].filter((flag) => flag !== undefined).map((flag) => `\\fB${escaped(flag)}\\fR`);
  return entry(`${flags.join(", ")}${value === undefined ? "" : ` \\fI${escaped(value)}\\fR`}`, description);
}

function table(heading: string, rows: readonly (readonly [string | number, string])[]): string[] {
  return [`.SH "${heading}"`, ...rows.map(([term, text]) => entry(`\\fB${escaped(String(term))}\\fR`, text))];
}

function entry(term: string, text: string): string {
  return [".TP", term, escaped(text)].join("\n");
}

/** Text as it is: a line that begins with . or ' would be a request, and - would become a hyphen. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll('"', "\\(dq")
    .replace(/^(?=[.'])/gm, "\\&");
}
