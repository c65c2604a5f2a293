import { DEFAULT_CONFIG_FILES } from "../../agent/config/load.ts";
import { CAMERA_NAMES } from "./camera-names.ts";
import type { DescribedCommand, DescribedOption, DescribedProgram, Values } from "./describe-program.ts";

/** The completion function for zsh. */
export function zshCompletion({ name, commands, options }: DescribedProgram): string {
  const described = commands.map((one) => `      ${quoted(`${one.name}:${one.description}`)}`);
  return `#compdef ${name}
# zsh completion of ${name}, generated from its options
_${name}_cameras() {
  local file
  local -a cameras
  for file in \${(v)opt_args[-c]} \${(v)opt_args[--config]} ${DEFAULT_CONFIG_FILES.join(" ")}; do
    [[ -r $file ]] || continue
    cameras=(\${(f)"$(awk '${CAMERA_NAMES}' $file)"})
    break
  done
  compadd -a cameras
}

_${name}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C ${options.map(optionSpec).join(" ")} '1:command:->command' '*::word:->words'
  case $state in
    command)
      local -a commands=(
${described.join("\n")}
      )
      _describe command commands
      ;;
    words)
      case $words[1] in
${commands.map(commandCase).join("\n")}
      esac
      ;;
  esac
}

_${name} "$@"
`;
}

function commandCase({ name, options, arguments: words }: DescribedCommand): string {
  const specs = [
    ...options.map(optionSpec),
    ...words.map(({ usage, values, isRepeated }) => {
      return quoted(`${isRepeated ? "*" : "1"}:${labelOf(usage)}:${action(values)}`);
    }),
  ];
  return `        ${name}) _arguments ${specs.join(" ")} ;;`;
}

function optionSpec({
  short,
  long,
  value,
  values,
  description,
  isAlone,
  isRepeated,
}: DescribedOption): string {
  const flags = [short, long].filter((flag) => flag !== undefined);
  const excluded = isAlone ? "(- *)" : isRepeated ? "*" : `(${flags.join(" ")})`;
  const text = `[${description.replaceAll(/[[\]]/g, "\\$&").replaceAll(":", "\\:")}]`;
  const argument = value === undefined ? "" : `:${labelOf(value)}:${action(values)}`;
  const names = flags.length === 1 ? flags.join("") : `'{${flags.join(",")}}'`;
  return `'${excluded}${names}${inner(`${text}${argument}`)}'`;
}

/** The name of a value, in the prompt for it. */
function labelOf(value: string): string {
  return value.replaceAll(/[<>[\].]/g, "").replaceAll(":", "");
}

function action(values: Values): string {
  switch (values.kind) {
    case "choices":
      return `(${values.choices.join(" ")})`;
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "camera":
      return "_sabrewing_cameras";
    case "any":
      return " ";
  }
}

function quoted(text: string): string {
  return `'${inner(text)}'`;
}

/** Text inside single quotes. */
function inner(text: string): string {
  return text.replaceAll("'", "'\\''");
}
