import type { Argument, Command, Option } from "commander";

/** The values that a word of the command line can have. */
export type Values =
  | { readonly kind: "choices"; readonly choices: readonly string[] }
  /** A camera of the configuration. */
  | { readonly kind: "file" | "folder" | "camera" | "any" };

export interface DescribedOption {
  /** `-c` */
  readonly short: string | undefined;
  /** `--config` */
  readonly long: string;
  /** `<file>`; undefined: the option has no value. */
  readonly value: string | undefined;
  readonly values: Values;
  readonly description: string;
  /** Ends the command line: `--help`, `--version`. */
  readonly isAlone: boolean;
  /** It can be given several times. */
  readonly isRepeated: boolean;
}

export interface DescribedArgument {
  /** `<clip>` */
  readonly usage: string;
  readonly values: Values;
  readonly description: string;
  readonly isRepeated: boolean;
}

export interface DescribedCommand {
  readonly name: string;
  /** `sabrewing replay [options] <clip>` */
  readonly usage: string;
  readonly description: string;
  readonly arguments: readonly DescribedArgument[];
  readonly options: readonly DescribedOption[];
  /** Examples and further text of its help. */
  readonly notes: string;
}

export interface DescribedProgram extends DescribedCommand {
  readonly version: string;
  readonly commands: readonly DescribedCommand[];
}

/** Describes the program for man page and shell completion. */
export function describeProgram(program: Command): DescribedProgram {
  return {
    ...describeCommand(program),
    version: program.version() ?? "",
    commands: program.commands.map(describeCommand),
  };
}

function describeCommand(command: Command): DescribedCommand {
  const help = command.createHelp();
  return {
    name: command.name(),
    usage: help.commandUsage(command),
    description: command.description(),
    arguments: command.registeredArguments.map(describeArgument),
    options: help.visibleOptions(command).map(describeOption),
    notes: notesOf(command),
  };
}

function describeArgument(argument: Argument): DescribedArgument {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return {
    usage: argument.required ? `<${name}>` : `[${name}]`,
    values: valuesOf(argument.name(), argument.argChoices),
    description: argument.description,
    isRepeated: argument.variadic,
  };
}

function describeOption(option: Option): DescribedOption {
  const value = /[<[].*$/.exec(option.flags)?.[0];
  const isCamera = option.long === "--camera" && value === "<name>";
  return {
    short: option.short,
    long: option.long ?? "",
    value,
    values: isCamera ? { kind: "camera" } : valuesOf((value ?? "").slice(1, -1), option.argChoices),
    description: withDefault(option),
    isAlone: option.long === "--help" || option.long === "--version",
    isRepeated: Array.isArray(option.defaultValue),
  };
}

/** As in the help; the default of a switch, and of a folder that differs from machine to machine, says nothing. */
function withDefault({ description, argChoices, defaultValue }: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [`choices: ${argChoices.join(", ")}`]),
    ...(typeof defaultValue === "number" || argChoices?.includes(String(defaultValue))
      ? [`default: ${defaultValue}`]
      : []),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join("; ")})`;
}

/** The names of values in the help of all commands. */
const KINDS: Readonly<Record<string, "file" | "folder" | "any">> = {
  ...{ file: "file", "file.mp4": "file", expected: "file", source: "file" },
  ...{ clip: "file", input: "file", model: "file", module: "file" },
  ...{ dir: "folder", folder: "folder" },
  ...{
    address: "any",
    name: "any",
    "name=address": "any",
    "name=value": "any",
    "name=sizes": "any",
    "name=number": "any",
    "output=input": "any",
    labels: "any",
    id: "any",
    stage: "any",
  },
  ...{ n: "any", WxH: "any", seconds: "any", "0..1": "any", "": "any" },
};

/** @throws Error for a name that has no kind yet. */
function valuesOf(name: string, choices: readonly string[] | undefined): Values {
  if (choices !== undefined) return { kind: "choices", choices };
  const kind = KINDS[name];
  if (kind === undefined)
    throw new Error(`expected a known kind of value, received <${name}>: add it to KINDS`);
  return { kind };
}

/** The text that a command adds to its help. */
function notesOf(command: Command): string {
  let whole = "";
  const before = command.configureOutput();
  command.configureOutput({
    ...before,
    writeOut(text) {
      whole += text;
    },
  });
  command.outputHelp();
  command.configureOutput(before);
  return whole.slice(whole.indexOf(command.helpInformation()) + command.helpInformation().length).trim();
}
