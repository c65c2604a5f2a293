/**
 * `node scripts/litert-answers.ts [--python PYTHON]`: runs the random models of `tests/support/models/litert-cases.ts` by LiteRT's
 * reference kernels and stores the digests of their answers, which the tests read. Needs a Python with the package
 * ai-edge-litert 2.3.0 from PyPI. Run it again after a change of the cases.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { ANSWERS_FILE, answerDigest, CASES_PER_OPERATOR } from "../tests/support/models/litert-answers.ts";
import { LITERT_CASES, liteRtCase } from "../tests/support/models/litert-cases.ts";

const program = new Command("litert-answers")
  .description("Stores the answers of LiteRT's reference kernels to random models of one operator.")
  .option("--python <path>", "a Python that has the package ai-edge-litert 2.3.0", "python3")
  .parse();
const { python } = program.opts<{ readonly python: string }>();

/** The digests of LiteRT's answers to the cases of an operator. */
function answersTo(operator: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "litert-"));
  try {
    const numbers = Array.from({ length: CASES_PER_OPERATOR }, (_, number) => number);
    for (const number of numbers) {
      const { model, inputs } = liteRtCase(operator, number);
      writeFileSync(join(folder, `${number}.tflite`), model);
      for (const [index, bytes] of inputs.entries())
        writeFileSync(join(folder, `${number}.input${index}`), bytes);
    }
    const runner = fileURLToPath(new URL("conformance/run-litert.py", import.meta.url));
    const { status, stderr } = spawnSync(python, [runner, folder], { encoding: "utf8" });
    if (status !== 0) throw new Error(`${python} ${runner} failed: ${stderr}`);
    return numbers.map((number) => {
      const refusal = join(folder, `${number}.error`);
      if (existsSync(refusal)) throw new Error(`${operator} ${number}: ${readFileSync(refusal, "utf8")}`);
      return answerDigest(readFileSync(join(folder, `${number}.output`)));
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const answers: Record<string, string> = {};
for (const operator of Object.keys(LITERT_CASES)) {
  answers[operator] = answersTo(operator).join(" ");
  console.log(`${operator}: ${CASES_PER_OPERATOR} answers`);
}
writeFileSync(ANSWERS_FILE, `${JSON.stringify(answers, undefined, 2)}\n`);
