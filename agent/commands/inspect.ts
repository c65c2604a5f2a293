import { Command } from "commander";
import { type ModelInfo, readModel } from "../../detectors/detector.ts";
import { showMegabytes } from "./module-report.ts";
import { showSize } from "./size-option.ts";

const EXAMPLES = `
Examples:
  sabrewing inspect yolov5n.wasm
  sabrewing inspect yolov5n.wasm --json | jq -r '.labels[]'

The module is read, checked and described, but not run.`;

/** `sabrewing inspect`: what a detector module says of itself. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description(
      "tell what a detector module says of itself: labels, input, precision, memory, imports, licence",
    )
    .argument("<module>", "detector module (.wasm)")
    .option("--json", "a JSON line", false)
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, { json }: { readonly json: boolean }) => {
      const info = await readModel(path);
      process.stdout.write(`${json ? JSON.stringify(info) : describeModule(info)}\n`);
    });
}

/** A table of two columns for people. */
export function describeModule(info: ModelInfo): string {
  const { input, source, labels } = info;
  const rows: readonly (readonly [string, string])[] = [
    ["name", info.name],
    ["input", `${showSize(input)} pixels, ${input.channels} × ${input.dtype}, ${input.layout}`],
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
