import { DEFAULT_CONFIG_FILES } from "../../agent/config/load.ts";
import { CAMERA_NAMES } from "./camera-names.ts";
import type { DescribedCommand, DescribedProgram, Values } from "./describe-program.ts";

/** The completion script for bash 4 and later. It needs no other package. */
export function bashCompletion(program: DescribedProgram): string {
  const { name, commands } = program;
  const names = commands.map((command) => command.name).join(" ");
  return `# bash completion of ${name}, generated from its options
_${name}_cameras() {
  local file="" index
  for ((index = 2; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in -c | --config) file=\${COMP_WORDS[index + 1]} ;; esac
  done
  for file in "$file" ${DEFAULT_CONFIG_FILES.join(" ")}; do
    [[ -r $file ]] && awk '${CAMERA_NAMES}' "$file" && return
  done
}

_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} options="" values=any
  # readline separates --option=value at the =.
  if [[ $word == "=" ]]; then
    word=""
  elif [[ $before == "=" ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    options="${optionWords(program)}"
    values="words ${names} help"
  else
    case \${COMP_WORDS[1]} in
${commands.map(commandCase).join("\n")}
      help) values="words ${names}" ;;
    esac
  fi
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    return
  fi
  case $values in
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    folder) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    camera) COMPREPLY=($(compgen -W "$(_${name}_cameras)" -- "$word")) ;;
    words*) COMPREPLY=($(compgen -W "\${values#words}" -- "$word")) ;;
  esac
}

complete -F _${name} ${name}
`;
}

function commandCase(command: DescribedCommand): string {
  const {
    name,
    options,
    arguments: [first],
  } = command;
  const withValue = options.filter(({ value }) => value !== undefined);
  const cases = withValue.map(({ short, long, values }) => {
    const flags = [short, long].filter((flag) => flag !== undefined);
    return `          ${flags.join(" | ")}) options="" values="${valueWords(values)}" ;;`;
  });
  return `      ${name})
        options="${optionWords(command)}" values="${first === undefined ? "any" : valueWords(first.values)}"
        case $before in
${cases.join("\n")}
        esac
        ;;`;
}

function optionWords({ options }: DescribedCommand): string {
  return options.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long])).join(" ");
}

function valueWords(values: Values): string {
  return values.kind === "choices" ? `words ${values.choices.join(" ")}` : values.kind;
}
