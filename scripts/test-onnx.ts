/**
 * `npm run -s test:onnx -- FOLDER [--json] [--details]`: compiles ONNX's backend tests, runs them in this process's engine and
 * prints how many are right, wrong or refused, per operator and type. The exit code is 1 when one is wrong.
 */
import { Command } from "commander";
import { type Judgement, judgeTest, type Verdict } from "./conformance/judge-test.ts";
import { findOnnxTests } from "./conformance/onnx-tests.ts";

const EXIT_BAD_USAGE = 64;

const program = new Command("test:onnx")
  .description(
    "Runs ONNX's backend tests in an engine. Inputs that decide a shape are known to the compiler; all others come at run time.",
  )
  .argument("<folder>", "a folder with tests: model.onnx and test_data_set_N in a folder per test")
  .option("--details", "also name each test that is not right, and the reason", false)
  .option("--json", "print a line of JSON per operator and type, then a summary", false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_BAD_USAGE))
  .parse();
const { details, json } = program.opts<{ readonly details: boolean; readonly json: boolean }>();

const VERDICTS: readonly Verdict[] = ["right", "wrong", "refused", "evaluator_only"];

function countVerdicts(judgements: readonly Judgement[]): Readonly<Record<Verdict, number>> {
  const count = (verdict: Verdict) => judgements.filter((judgement) => judgement.verdict === verdict).length;
  return {
    right: count("right"),
    wrong: count("wrong"),
    refused: count("refused"),
    evaluator_only: count("evaluator_only"),
  };
}

const judgements = findOnnxTests(program.args[0] ?? "").map(judgeTest);
if (judgements.length === 0) {
  console.error(`${program.args[0]}: no ONNX tests found. Name a folder with model.onnx files below it.`);
  process.exit(EXIT_BAD_USAGE);
}
const groups = Map.groupBy(judgements, ({ operator, dtype }) => `${operator} ${dtype}`);
for (const group of [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, members]) => members)) {
  const [{ operator, dtype } = { operator: "?", dtype: "?" }] = group;
  const counts = countVerdicts(group);
  if (json) console.log(JSON.stringify({ operator, dtype, ...counts }));
  else {
    const shown = VERDICTS.filter((verdict) => counts[verdict] > 0).map(
      (verdict) => `${counts[verdict]} ${verdict}`,
    );
    console.log(`${operator} ${dtype}: ${shown.join(", ")}`);
  }
}
if (details) {
  for (const { test, verdict, reason = "" } of judgements) {
    if (verdict !== "right") console.error(`${verdict} ${test} ${reason}`.trimEnd());
  }
}
const summary = countVerdicts(judgements);
console.log(
  json ? JSON.stringify(summary) : VERDICTS.map((verdict) => `${summary[verdict]} ${verdict}`).join(", "),
);
if (summary.wrong > 0) process.exitCode = 1;
