import { z } from "zod";
import { AgentConfigSchema } from "./schema.ts";

/** What a user may write in sabrewing.yml, as JSON Schema (draft 2020-12). */
export function configJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(AgentConfigSchema, { io: "input" });
}
