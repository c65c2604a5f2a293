import { Command } from "commander";
import {
  chooseModule,
  inputSize,
  licenceOf,
  type ModuleChoice,
  type ModuleInfo,
  readModule,
  variantsAt,
} from "../../detectors/detector.ts";
import { plainJson, printed } from "../base/plain-text.ts";
import { describeTensor, showMegabytes } from "./shared/module-report.ts";
import { showSize } from "./shared/size-option.ts";

const EXAMPLES = `
Examples:
  sabrewing inspect yolov5n.wasm
  sabrewing inspect yolov5n.wasm --json | jq -r '.labels[].name'
  sabrewing inspect /var/lib/sabrewing          list the variants in a folder and mark the one that this engine would run

The command reads and validates the module, but does not run it.`;

/** `sabrewing inspect`: shows the description of a module. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description("shows task, inputs, labels, precision, memory, imports, release and licence of a module")
    .argument("<module>", "module (.wasm), or the name or folder of a set of variants")
    .option("--json", "print a JSON line per module", false)
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, { json }: { readonly json: boolean }) => {
      const variants = variantsAt(path);
      if (variants.length === 0) {
        const info = await readModule(path);
        process.stdout.write(printed(json ? plainJson(info) : describeModule(info)));
        return;
      }
      const choice = chooseModule(path);
      const infos = await Promise.all(
        variants.map(async ({ variant, path }) => ({
          variant: variant.name,
          path,
          chosen: path === choice.path,
          ...(await readModule(path)),
        })),
      );
      const lines = json ? infos.map(plainJson) : [describeSet(infos, choice)];
      process.stdout.write(printed(lines.join("\n")));
    });
}

/** A variant of a set with its description. */
export type VariantInfo = ModuleInfo & {
  readonly variant: string;
  readonly path: string;
  /** Whether this engine would run it. */
  readonly chosen: boolean;
};

/** A line per variant for people. The chosen variant is marked and described in full. */
export function describeSet(variants: readonly VariantInfo[], { path, why }: ModuleChoice): string {
  const width = Math.max(...variants.map(({ variant }) => variant.length));
  const lines = variants.map(({ variant, chosen, bytes, memoryBytes, features, release, sha256 }) => {
    const figures = [
      `${showMegabytes(bytes)}, memory ${showMegabytes(memoryBytes)}`,
      features.join(", "),
      ...(release === undefined ? [] : [`release ${release}`]),
    ];
    return `${chosen ? "→" : " "} ${variant.padEnd(width)}  ${figures.join("; ")}; SHA-256 ${sha256.slice(0, 12)}…`;
  });
  const chosen = variants.find((variant) => variant.chosen);
  const whole = chosen === undefined ? [] : ["", describeModule(chosen)];
  return [`${path}: ${why ?? ""}`, ...lines, ...whole].join("\n");
}

/** A table of two columns for people. */
export function describeModule(info: ModuleInfo): string {
  const { source, parameters, labels = [] } = info;
  const rows: readonly (readonly [string, string])[] = [
    ["name", info.name],
    ["task", info.task],
    ...(info.picture === undefined
      ? info.inputs.map((spec) => ["input", describeTensor(spec)] as const)
      : [["input", `${showSize(inputSize(info))} pixels, 3 × u8, hwc; ${info.picture.fit}`] as const]),
    ...info.outputs.map((spec) => ["output", describeTensor(spec)] as const),
    ...parameters.map((spec) => ["parameter", `${spec.name}, ${spec.default} if not given`] as const),
    ["release", info.release === undefined ? "0 (none given)" : `${info.release}`],
    ["precision", info.precision],
    ["file", `${showMegabytes(info.bytes)} (${info.bytes} bytes)`],
    ["memory", `${showMegabytes(info.memoryBytes)}, cannot grow`],
    ["features", info.features.length > 0 ? info.features.join(", ") : "none"],
    ["imports", info.imports.length > 0 ? info.imports.join(", ") : "nothing"],
    ["sha256", info.sha256],
    ...source.map(({ format, sha256 }) => ["source", `${format}, SHA-256 ${sha256}`] as const),
    ["licence", licenceOf(info)],
    ["compiler", info.compiler.version],
    ...(labels.length === 0
      ? []
      : [[`labels (${labels.length})`, labels.map(({ name }) => name).join(", ")] as const]),
  ];
  const margin = Math.max(...rows.map(([key]) => key.length)) + 2;
  return rows.map(([key, value]) => `${key.padEnd(margin)}${wrap(value, 100 - margin, margin)}`).join("\n");
}

/** Breaks a long list at ", " and indents the further lines. */
function wrap(text: string, width: number, margin: number): string {
  const lines: string[] = [];
  let line = "";
  for (const item of text.split(", ")) {
    const longer = line === "" ? item : `${line}, ${item}`;
    if (line !== "" && longer.length > width) {
      lines.push(`${line},`);
      line = item;
    } else line = longer;
  }
  return [...lines, line].join(`\n${" ".repeat(margin)}`);
}
