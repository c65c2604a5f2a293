import type { z } from "zod";

/** Longest level, in characters: a whole topic has at most 65,535 bytes (MQTT 3.1.1, section 1.5.3). */
export const LONGEST_LEVEL = 100;

/** Names that become a level of an MQTT topic and part of a file name. */
export const TOPIC_NAME = /^[A-Za-z0-9_-]{1,100}$/;

/** A topic, or its first levels. */
export const TOPIC = /^(?!\$)[^#+/\s\p{Cc}]+(\/[^#+/\s\p{Cc}]+)*$/u;
export const LONGEST_TOPIC = 200;

/** The expected form of a text that is no `TOPIC`. */
export function expectedTopic(text: string): string {
  if (/^\/./.test(text)) return "a topic that does not start with a slash (remove it: home/cams)";
  if (/.\/$/.test(text)) return "a topic that does not end with a slash (remove it: home/cams)";
  if (text.includes("//")) return "a topic without empty levels (write one slash between two levels)";
  if (text.startsWith("$"))
    return "a topic that does not start with $, under which only the broker publishes";
  if (/[#+]/.test(text)) return "a topic without # and +, which are wildcards of subscriptions";
  return "a topic without #, +, spaces and control characters";
}

/** Runs a check even if the value has other mistakes, so that all mistakes are reported at once. */
export const always = {
  when: ({ value }: { value: unknown }) => typeof value === "object" && value !== null,
};

/** Refuses keys that cannot be part of a topic. */
export function checkNames(named: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const name of Object.keys(named).filter((key) => !TOPIC_NAME.test(key))) {
    context.addIssue({
      code: "custom",
      path: [name],
      params: { isKey: true },
      message:
        name.length > LONGEST_LEVEL
          ? `the name may have at most ${LONGEST_LEVEL} characters: it becomes part of MQTT topics`
          : "the name may contain only letters, digits, _ and -: it becomes part of MQTT topics",
    });
  }
}

/**
 * Converts a label to one level of a topic or a part of a file name. Separators, wildcards, NUL and other characters that a
 * topic must not or should not contain (MQTT 3.1.1, sections 1.5.3 and 4.7) become `_`.
 */
export function topicLevel(label: string): string {
  return label.slice(0, LONGEST_LEVEL).replaceAll(/[\s/+#\p{C}\p{Z}]+/gu, "_");
}

/** Last levels of a camera's own topics: the count of a label with this name would be published there. */
const OWN_LEVELS = ["all", "audio", "detect", "enabled", "motion", "snapshots", "status"];

/** Refuses labels whose counts would be published on other topics of the agent, or on those of another label. */
export function checkLabels(labels: readonly string[], context: z.RefinementCtx): void {
  const byLevel = new Map<string, string>();
  labels.forEach((label, index) => {
    const level = topicLevel(label);
    const other = byLevel.get(level);
    byLevel.set(level, label);
    const taken = OWN_LEVELS.includes(level)
      ? `<prefix>/<camera>/${level} is another topic of the agent`
      : other !== undefined && other !== label
        ? `<prefix>/<camera>/${level} is the topic of the label ${JSON.stringify(other)}`
        : undefined;
    if (taken === undefined) return;
    context.addIssue({
      code: "custom",
      path: ["track", index],
      params: { isKey: true },
      message: `the count of this label cannot be published: ${taken}; leave the label out`,
    });
  });
}
