import type { TfjsNode } from "./schema.ts";

/** A string attribute, such as `padding`; `otherwise` when the node lacks it. */
export function stringOf({ attr }: TfjsNode, name: string, otherwise = ""): string {
  return attr.get(name)?.s ?? otherwise;
}

/** A list of strings, such as `fused_ops`. */
export function stringsOf({ attr }: TfjsNode, name: string): readonly string[] {
  return attr.get(name)?.list?.s ?? [];
}

/** A list of integers, such as `strides`. */
export function integersOf({ attr }: TfjsNode, name: string): readonly number[] {
  return attr.get(name)?.list?.i ?? [];
}

/** An integer; `otherwise` when the node lacks it. */
export function integerOf({ attr }: TfjsNode, name: string, otherwise: number): number {
  return attr.get(name)?.i ?? otherwise;
}

/** A float; `otherwise` when the node lacks it. */
export function numberOf({ attr }: TfjsNode, name: string, otherwise: number): number {
  return attr.get(name)?.f ?? otherwise;
}

/** A flag; false when the node lacks it. */
export function flagOf({ attr }: TfjsNode, name: string): boolean {
  return attr.get(name)?.b ?? false;
}
