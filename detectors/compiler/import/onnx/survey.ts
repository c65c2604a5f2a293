import { ModelError } from "../../../errors.ts";
import { bodyObstacle } from "./body.ts";
import type { CutGraph } from "./cut.ts";
import { canInterpret } from "./interpreter.ts";
import type { OnnxNode } from "./schema.ts";

/** The most node names listed per operator. */
const NAMES_SHOWN = 12;

/**
 * Checks all nodes before the import.
 * @param constants names of initializers
 * @throws ModelError listing every operator that cannot be compiled, with the number and names of its nodes.
 */
export function refuseUnsupported({ body, tail }: CutGraph, constants: ReadonlySet<string>): void {
  const refused = new Map<string, string[]>();
  const refuse = (node: OnnxNode, obstacle: string): void => {
    const domain = node.domain && node.domain !== "ai.onnx" ? `${node.domain}.` : "";
    const what = `${domain}${node.opType ?? "?"}${obstacle && ` ${obstacle}`}`;
    const names = refused.get(what) ?? [];
    names.push(node.name || node.output[0] || "?");
    refused.set(what, names);
  };

  const known = new Set(constants);
  for (const node of body) {
    const foreign = node.domain !== undefined && !["", "ai.onnx"].includes(node.domain);
    // Nodes that depend only on constants and shapes are computed during the import.
    const constant = node.input.every((name) => name === "" || known.has(name));
    if (constant || node.opType === "Shape") for (const output of node.output) known.add(output);
    const obstacle = constant ? (canInterpret(node.opType ?? "") ? undefined : "") : bodyObstacle(node);
    if (foreign) refuse(node, "");
    else if (obstacle !== undefined) refuse(node, obstacle);
  }
  for (const node of tail) {
    if (!canInterpret(node.opType ?? "") || (node.domain && node.domain !== "ai.onnx")) refuse(node, "");
  }

  if (refused.size === 0) return;
  const list = [...refused].map(([what, names]) => `${what}: ${countNames(names)}`);
  throw new ModelError(
    `The ONNX model uses operators that cannot be compiled:`,
    "Export a YOLOv5 v6 or v7 detector with its own export.py (without --nms and --int8), or compile the .pt file.",
    { list },
  );
}

function countNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map((name) => `"${name}"`);
  const rest = names.length - shown.length;
  return `${names.length} node${names.length === 1 ? "" : "s"}, ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
