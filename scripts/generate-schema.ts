/** Writes the JSON schema of sabrewing.yml, for editors, and the table of its keys. Run by `npm run schema`. */
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { configJsonSchema } from "../agent/config/json-schema.ts";
import { configKeys, keyPage } from "../agent/config/key-table.ts";

new Command("schema")
  .description("Writes config/sabrewing.schema.json and the table of all keys, config/README.md.")
  .allowExcessArguments(false)
  .parse();

const folder = new URL("../config/", import.meta.url);
const schema = configJsonSchema();
writeFileSync(new URL("sabrewing.schema.json", folder), `${JSON.stringify(schema, null, 2)}\n`);
writeFileSync(new URL("README.md", folder), keyPage(configKeys(schema)));
