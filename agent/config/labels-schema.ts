import { z } from "zod";

const LabelSchema = z.string().min(1).max(100);
/** Without `abort`, the checks of a camera would find an invalid text in place of a list. */
const OnlyLabelSchema = z.string().min(1, { abort: true }).max(100, { abort: true });

/** A list of labels, or one label as a text. @param least number of labels */
export function labels({ least }: { readonly least: number }) {
  return z
    .union([OnlyLabelSchema, z.array(LabelSchema).min(least, { error: "at least one label" })], {
      error: "a label or a list of labels",
    })
    .transform((given): string[] => (typeof given === "string" ? [given] : given));
}
