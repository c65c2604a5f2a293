import { readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { parseConfig } from "../../../agent/config/load.ts";
import { at, mutatedBytes } from "./mutate-bytes.ts";
import { mutatedTree } from "./mutate-tree.ts";
import { refusesConfig } from "./refusals.ts";
import { acceptedUnless, type FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

/** Nested aliases that expand to 10⁹ strings ("billion laughs"). */
const LAUGHS = Array.from({ length: 9 }, (_, level) => {
  const before = level === 0 ? '"lol"' : `*l${level - 1}`;
  return `l${level}: &l${level} [${Array.from({ length: 10 }, () => before).join(", ")}]`;
}).join("\n");
const WORDS = wordsOf(
  ...[
    "&a",
    "*a",
    "<<: *a",
    "!!js/function",
    "!!binary",
    "%YAML 1.1",
    "---\n",
    "? ",
    "|+\n",
    "\t",
    ": ",
    "- ",
  ],
  ...[
    "{SABREWING_MQTT_PASSWORD}",
    "{PATH}",
    "__proto__: ",
    "constructor: ",
    ".inf",
    ".nan",
    "0x7fffffffffffffff",
  ],
  ...[`\n${LAUGHS}\n`, "[".repeat(5_000), "{a: ".repeat(3_000), "- ".repeat(3_000), "&a [*a]"],
);
const ENV = { SABREWING_MQTT_PASSWORD: "secret", DOOR_PASSWORD: "secret" };

/** The configuration: mutants of the text and the structure of the shipped files. */
export function configTarget(): FuzzTarget {
  const texts = ["sabrewing.yml", "../docker/sabrewing.yml"].map((name) =>
    readFileSync(new URL(`../../../config/${name}`, import.meta.url)),
  );
  const trees: unknown[] = texts.map((text) => parse(text.toString()));

  return {
    make(random) {
      const index = at(random, texts.length);
      if (random() < 0.5) return mutatedBytes(texts[index] ?? new Uint8Array(), random, WORDS);
      return new TextEncoder().encode(stringify(mutatedTree(trees[index], random)));
    },
    feed: (text) =>
      acceptedUnless(refusesConfig, () =>
        parseConfig(new TextDecoder().decode(text as Uint8Array), "/etc/sabrewing/sabrewing.yml", ENV),
      ),
  };
}
