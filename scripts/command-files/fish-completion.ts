import { DEFAULT_CONFIG_FILES } from "../../agent/config/load.ts";
import { CAMERA_NAMES } from "./camera-names.ts";
import type { DescribedOption, DescribedProgram, Values } from "./describe-program.ts";

/** The completions for fish. */
export function fishCompletion({ name, commands, options }: DescribedProgram): string {
  const camera = `function __${name}_cameras
    set -l words (commandline -opc)
    set -l files
    for index in (seq (count $words))
        contains -- $words[$index] -c --config; and set -a files $words[(math $index + 1)]
    end
    for file in $files ${DEFAULT_CONFIG_FILES.join(" ")}
        test -r "$file"; and awk ${quoted(CAMERA_NAMES)} $file; and return
    end
end`;
  const first = "-n __fish_use_subcommand";
  return [
    `# fish completion of ${name}, generated from its options`,
    camera,
    `complete -c ${name} -f`,
    ...options.map((option) => `complete -c ${name} ${first} ${optionWords(option)}`),
    ...commands.map((one) => `complete -c ${name} ${first} -a ${one.name} -d ${quoted(one.description)}`),
    ...commands.flatMap((command) => {
      const inCommand = `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name}'`;
      return [
        ...command.options.map((option) => `${inCommand} ${optionWords(option)}`),
        ...command.arguments.flatMap(({ values }) =>
          values.kind === "any" ? [] : [`${inCommand} ${valueWords(values)}`],
        ),
      ];
    }),
    "",
  ].join("\n");
}

function optionWords({ short, long, value, values, description }: DescribedOption): string {
  return [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    `-l ${long.slice(2)}`,
    ...(value === undefined ? [] : ["-r", valueWords(values)]),
    `-d ${quoted(description)}`,
  ].join(" ");
}

function valueWords(values: Values): string {
  switch (values.kind) {
    case "choices":
      return `-f -a ${quoted(values.choices.join(" "))}`;
    case "file":
      return "-F";
    case "folder":
      return "-f -a '(__fish_complete_directories)'";
    case "camera":
      return "-f -a '(__sabrewing_cameras)'";
    case "any":
      return "-f";
  }
}

/** In single quotes fish replaces only \\ and \'. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
