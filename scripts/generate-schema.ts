/** Writes the JSON schema of sabrewing.yml, for editors, and the table of its keys. Run by `npm run schema`. */
import { writeFileSync } from "node:fs";
import { configJsonSchema } from "../agent/config/json-schema.ts";
import { configKeys, keyPage } from "../agent/config/key-table.ts";

const folder = new URL("../config/", import.meta.url);
const schema = configJsonSchema();
writeFileSync(new URL("sabrewing.schema.json", folder), `${JSON.stringify(schema, null, 2)}\n`);
writeFileSync(new URL("README.md", folder), keyPage(configKeys(schema)));
