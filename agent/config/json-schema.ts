import { z } from "zod";
import { AgentConfigSchema } from "./schema.ts";

/** The JSON Schema (draft 2020-12) of sabrewing.yml. */
export function configJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(AgentConfigSchema, { io: "input" });
}
