import type { z } from "zod";

/** Names that become a level of an MQTT topic and part of a file name. */
export const TOPIC_NAME = /^[A-Za-z0-9_-]+$/;

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
      message: "the name may hold letters, digits, _ and - only: it becomes part of MQTT topics",
    });
  }
}
