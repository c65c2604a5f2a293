import { findKnown, obtainVisibly } from "../agent/commands/pull/obtain-model.ts";
import { explainError } from "../agent/explain-error.ts";

try {
  const known = findKnown(process.argv[2] ?? "yolov5n");
  process.stdout.write(`${await obtainVisibly(known, { env: process.env }, process.stderr)}\n`);
} catch (error) {
  const { text, exitCode } = explainError(error);
  process.stderr.write(text);
  process.exitCode = exitCode;
}
