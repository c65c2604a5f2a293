/** Loads one contestant, runs one inference, prints a line and exits. `coldStarts` times this process. */
import { readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import type { ContestantChoice } from "./contestant.ts";
import { loadContestant } from "./load-contestant.ts";

const [image = "", choice = ""] = process.argv.slice(2);
const contestant = await loadContestant(JSON.parse(choice) as ContestantChoice, false);
await contestant.infer(readFileSync(image));
process.stdout.write("detected\n", () => {
  flushCompileCache();
  process.exit(0);
});
