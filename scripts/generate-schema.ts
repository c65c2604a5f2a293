/** Writes config/sabrewing.schema.json, which editors use to help with sabrewing.yml. Run by `npm run schema`. */
import { writeFileSync } from "node:fs";
import { configJsonSchema } from "../agent/config/json-schema.ts";

const out = new URL("../config/sabrewing.schema.json", import.meta.url);
writeFileSync(out, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
