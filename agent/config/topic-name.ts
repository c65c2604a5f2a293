import type { z } from "zod";

/** Characters of a level: a whole topic has 65,535 bytes at most (MQTT 3.1.1, section 1.5.3). */
const LONGEST_LEVEL = 100;

/** Names that become a level of an MQTT topic and part of a file name. */
export const TOPIC_NAME = /^[A-Za-z0-9_-]{1,100}$/;

/** Topics, or their first levels. */
export const TOPIC = /^[^#+/\s\p{Cc}]+(\/[^#+/\s\p{Cc}]+)*$/u;
export const LONGEST_TOPIC = 200;

/** Also look at a value that has other mistakes in it: everything is told at once. */
export const always = {
  when: ({ value }: { value: unknown }) => typeof value === "object" && value !== null,
};

/** Refuses keys that are no names for topics. */
export function checkNames(named: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const name of Object.keys(named).filter((key) => !TOPIC_NAME.test(key))) {
    context.addIssue({
      code: "custom",
      path: [name],
      params: { isKey: true },
      message:
        name.length > LONGEST_LEVEL
          ? `the name may have ${LONGEST_LEVEL} characters at most: it becomes part of MQTT topics`
          : "the name may hold letters, digits, _ and - only: it becomes part of MQTT topics",
    });
  }
}

/**
 * A label as one level of a topic or part of a file name: separators, wildcards, NUL and other characters that a topic may
 * not or should not hold (MQTT 3.1.1, sections 1.5.3 and 4.7) become `_`.
 */
export function topicLevel(label: string): string {
  return label.slice(0, LONGEST_LEVEL).replaceAll(/[\s/+#\p{C}\p{Z}]+/gu, "_");
}

/** Last levels of a camera's own topics: a label of such a name would be counted there. */
const OWN_LEVELS = ["all", "audio", "detect", "enabled", "motion", "snapshots", "status"];

/** Refuses labels whose counts would be published on topics of the agent's own, or of another label. */
export function checkLabels(labels: readonly string[], context: z.RefinementCtx): void {
  const byLevel = new Map<string, string>();
  labels.forEach((label, index) => {
    const level = topicLevel(label);
    const other = byLevel.get(level);
    byLevel.set(level, label);
    const taken = OWN_LEVELS.includes(level)
      ? `the agent publishes something else on <prefix>/<camera>/${level}`
      : other !== undefined && other !== label
        ? `the label ${JSON.stringify(other)} is counted on <prefix>/<camera>/${level} already`
        : undefined;
    if (taken === undefined) return;
    context.addIssue({
      code: "custom",
      path: ["track", index],
      params: { isKey: true },
      message: `this label cannot be counted: ${taken}; leave it out`,
    });
  });
}
