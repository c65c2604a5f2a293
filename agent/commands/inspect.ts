import { Command } from "commander";
import {
  chooseModule,
  type ModelInfo,
  type ModuleChoice,
  readModel,
  variantsAt,
} from "../../detectors/detector.ts";
import { plainJson, printed } from "../base/plain-text.ts";
import { showMegabytes } from "./shared/module-report.ts";
import { showSize } from "./shared/size-option.ts";

const EXAMPLES = `
Examples:
  sabrewing inspect yolov5n.wasm
  sabrewing inspect yolov5n.wasm --json | jq -r '.labels[]'
  sabrewing inspect /var/lib/sabrewing          a set of variants: which there are, and which this engine would run

The module is read, checked and described, but not run.`;

/** `sabrewing inspect`: what a detector module says of itself. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description(
      "tell what a detector module says of itself: labels, input, release, precision, memory, imports, licence",
    )
    .argument("<module>", "detector module (.wasm), or a set of variants: its name or its folder")
    .option("--json", "a JSON line", false)
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, { json }: { readonly json: boolean }) => {
      const variants = variantsAt(path);
      if (variants.length === 0) {
        const info = await readModel(path);
        process.stdout.write(printed(json ? plainJson(info) : describeModule(info)));
        return;
      }
      const choice = chooseModule(path);
      const infos = await Promise.all(
        variants.map(async ({ variant, path }) => ({
          variant: variant.name,
          path,
          chosen: path === choice.path,
          ...(await readModel(path)),
        })),
      );
      const lines = json ? infos.map(plainJson) : [describeSet(infos, choice)];
      process.stdout.write(printed(lines.join("\n")));
    });
}

/** A variant of a set, and what it says of itself. */
export interface VariantInfo extends ModelInfo {
  readonly variant: string;
  readonly path: string;
  /** Whether this engine would run it. */
  readonly chosen: boolean;
}

/** A line per variant for people, the one that would run marked, and the whole description of that one. */
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
export function describeModule(info: ModelInfo): string {
  const { input, source, labels } = info;
  const rows: readonly (readonly [string, string])[] = [
    ["name", info.name],
    ["input", `${showSize(input)} pixels, ${input.channels} × ${input.dtype}, ${input.layout}`],
    ["release", info.release === undefined ? "0 (none given)" : `${info.release}`],
    ["precision", info.precision],
    ["file", `${showMegabytes(info.bytes)} (${info.bytes} bytes)`],
    ["memory", `${showMegabytes(info.memoryBytes)}, cannot grow`],
    ["features", info.features.join(", ")],
    ["imports", info.imports.length > 0 ? info.imports.join(", ") : "nothing"],
    ["sha256", info.sha256],
    ["source", `${source.format}, SHA-256 ${source.sha256}`],
    ["licence", source.licence],
    ["compiler", info.compiler.version],
    [`labels (${labels.length})`, labels.join(", ")],
  ];
  const margin = Math.max(...rows.map(([key]) => key.length)) + 2;
  return rows.map(([key, value]) => `${key.padEnd(margin)}${wrap(value, 100 - margin, margin)}`).join("\n");
}

/** Breaks at ", " so that long lists stay readable; later lines are indented. */
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
