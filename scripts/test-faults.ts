/**
 * `npm run -s test:faults -- [--json] [--times N] [--only WORDS] [--hurry]`: inflicts each fault of the table on the
 * agent, as many times as the table says, and prints a line per fault. The exit code is 1 when a guarantee is broken.
 */
import { Command, InvalidArgumentError } from "commander";
import { FAULTS } from "../tests/faults/faults.ts";

interface Options {
  readonly json: boolean;
  readonly times?: number;
  readonly only: string;
  readonly hurry: boolean;
}

const EXIT_BAD_USAGE = 64;

const values = new Command("test:faults")
  .description(
    "Inflicts faults on the agent and checks its guarantees: nothing lost, nothing stuck, others unaffected.",
  )
  .option("--times <n>", "how often each fault is inflicted (default: as its table says)", count)
  .option("--only <words>", "faults whose name contains these words", "")
  .option(
    "--hurry",
    "shorten the faults: shows that they work, not how long the agent takes to recover",
    false,
  )
  .option("--json", "print a line of JSON per fault", false)
  .addHelpText(
    "after",
    `\nFaults:\n${FAULTS.map(({ fault, times }) => `${`${times}`.padStart(5)} × ${fault}`).join("\n")}`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_BAD_USAGE))
  .parse()
  .opts<Options>();

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError(`Expected a whole number from 1, received "${text}".`);
}

for (const fault of FAULTS.filter((row) => row.fault.includes(values.only))) {
  const lacking = fault.lacks();
  if (lacking !== undefined) {
    print({ fault: fault.fault, times: 0, lost: 0, ok: false, skipped: `this machine lacks ${lacking}` });
    continue;
  }
  const turns = values.times ?? fault.times;
  try {
    const { lost, broken, ...figures } = await fault.inflict(turns, values.hurry);
    const ok = lost === 0 && broken.length === 0;
    print({ fault: fault.fault, times: turns, lost, ok, ...figures, ...(ok ? {} : { broken }) });
    if (!ok) process.exitCode = 1;
  } catch (error) {
    print({ fault: fault.fault, times: turns, lost: null, ok: false, broken: [String(error)] });
    process.exitCode = 1;
  }
}

interface Row {
  readonly fault: string;
  readonly times: number;
  /** null: the run failed before it could count. */
  readonly lost: number | null;
  readonly ok: boolean;
  readonly [figure: string]: unknown;
}

function print(row: Row): void {
  if (values.json) {
    console.log(JSON.stringify(row));
    return;
  }
  const { fault, times, lost, ok, ...more } = row;
  const mark = ok ? "✓" : "skipped" in more ? "-" : "✗";
  const details = Object.entries(more).map(
    ([name, value]) => `${name} ${Array.isArray(value) ? value.join("; ") : value}`,
  );
  console.log(`${mark} ${fault}: ${[`${times} times`, `${lost} lost`, ...details].join(", ")}`);
}
