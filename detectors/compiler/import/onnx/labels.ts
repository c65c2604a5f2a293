import { ModelError } from "../../../errors.ts";
import { DESCRIPTION_LIMITS } from "../../../module-format.ts";
import { defaultLabels } from "../default-labels.ts";

/** A description holds 1 MB. In this text, each name takes a few characters more: its index, quotes and a comma. */
const LONGEST_NAMES = 2 * DESCRIPTION_LIMITS.sectionBytes;

/**
 * The class names in an ONNX file's metadata: `names`, a Python list or dict literal that export.py writes as text.
 * Without it: `defaultLabels`.
 * @throws ModelError when the text is too long, is not such a literal, or names another number of classes.
 */
export function readLabels(names: string | undefined, classes: number): string[] {
  if (names === undefined) return defaultLabels(classes);
  if (names.length > LONGEST_NAMES) {
    throw badNames(`it has ${names.length} characters; expected ${LONGEST_NAMES} at most`);
  }
  const labels = parseNames(names);
  if (labels.length !== classes) {
    throw badNames(`it names ${labels.length} classes, but the head has ${classes}`);
  }
  return labels;
}

function parseNames(text: string): string[] {
  const trimmed = text.trim();
  if (/^\[.*\]$/s.test(trimmed)) return parseItems(trimmed, /\s*/y).map(([, label]) => label);
  if (/^\{.*\}$/s.test(trimmed)) {
    const items = parseItems(trimmed, /\s*(\d{1,6})\s*:\s*/y);
    const byIndex = new Map(items.map(([key, label]) => [Number(key), label]));
    return items.map((_, index) => {
      const label = byIndex.get(index);
      if (label === undefined) throw badNames(`it has no name for class ${index}`);
      return label;
    });
  }
  throw badNames(`expected a list or a dict, received ${JSON.stringify(trimmed.slice(0, 40))}`);
}

/** A Python string literal, without prefix, on one line. */
const STRING = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"/y;

/** The items between the brackets, each a key (what `prefix` captures) and a string, separated by commas. */
function parseItems(text: string, prefix: RegExp): [key: string, label: string][] {
  const items: [string, string][] = [];
  let at = 1;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    if (match) at = pattern.lastIndex;
    return match;
  };
  while (!take(/\s*[\]}]$/y)) {
    const key = take(prefix);
    const string = key && take(STRING);
    if (!string || !take(/\s*(?:,|(?=[\]}]$))/y)) {
      throw badNames(
        `expected ${items.length > 0 ? "another" : "a"} name at ${JSON.stringify(text.slice(at, at + 20))}`,
      );
    }
    items.push([key[1] ?? "", unescapeString(string[1] ?? string[2] ?? "")]);
  }
  return items;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/** Python's escapes as repr() writes them. */
function unescapeString(literal: string): string {
  return literal.replaceAll(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/gs,
    (whole, byte?: string, unit?: string, letter?: string) =>
      letter === undefined
        ? String.fromCharCode(Number.parseInt(byte ?? unit ?? "", 16))
        : (ESCAPES[letter] ?? whole),
  );
}

function badNames(what: string): ModelError {
  return new ModelError(
    `Cannot read the class names in the ONNX model's metadata ("names"): ${what}.`,
    "Export the model again with YOLOv5's export.py, which writes them.",
  );
}
