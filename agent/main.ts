#!/usr/bin/env -S node --max-semi-space-size=2 --optimize-for-size --no-maglev
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { EXIT } from "./base/errors.ts";
import { endWhenInterrupted } from "./end-when-interrupted.ts";

// On the options in the first line: V8 reserves 16 MB or more for young objects; a limit of 2 MB makes the daemon 20 MB
// smaller (npm run test:long). The other two options save 12 MB more and do not slow detection: hot code is still optimised.

const words = process.argv.slice(2);
// Before everything else is loaded, which takes a moment.
const interrupted = endWhenInterrupted(words);

// V8's compiled JavaScript is cached between runs, if the folder is writable. The folder belongs to the user: write access to
// it is enough to make this program run any code.
enableCompileCache(
  join(process.env.SABREWING_HOME || join(homedir(), ".cache", "sabrewing"), "compiled-javascript"),
);
const { report, runCommandLine } = await import("./command-line.ts");

// An unawaited promise was rejected, or an event handler threw: the state is unknown, so only a restart helps.
for (const surprise of ["unhandledRejection", "uncaughtException"] as const) {
  process.on(surprise, (error: unknown) => {
    const exitCode = report(error, words, interrupted);
    process.exit(interrupted.aborted ? exitCode : EXIT.bug);
  });
}

// The reader closed the pipe (`sabrewing pull | head`): that is not a bug.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await runCommandLine(words, interrupted);
