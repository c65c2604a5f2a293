/**
 * `npm run -s test:faults -- [--json] [--times N] [--only WORDS] [--hurry]`: inflicts each fault of the table on the
 * agent, as many times as the table says, and prints a line per fault. The exit code is 1 when a guarantee is broken.
 */
import { parseArgs } from "node:util";
import { FAULTS } from "../tests/faults/faults.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    times: { type: "string" },
    only: { type: "string", default: "" },
    hurry: { type: "boolean", default: false },
  },
});
const times = values.times === undefined ? undefined : Number(values.times);
if (times !== undefined && !(Number.isInteger(times) && times > 0)) {
  console.error(`--times: expected a whole number from 1, received "${values.times}"`);
  process.exit(64);
}

for (const fault of FAULTS.filter((row) => row.fault.includes(values.only))) {
  const lacking = fault.lacks();
  if (lacking !== undefined) {
    print({ fault: fault.fault, times: 0, lost: 0, ok: false, skipped: `this machine lacks ${lacking}` });
    continue;
  }
  const count = times ?? fault.times;
  try {
    const { lost, broken, ...figures } = await fault.inflict(count, values.hurry);
    const ok = lost === 0 && broken.length === 0;
    print({ fault: fault.fault, times: count, lost, ok, ...figures, ...(ok ? {} : { broken }) });
    if (!ok) process.exitCode = 1;
  } catch (error) {
    print({ fault: fault.fault, times: count, lost: null, ok: false, broken: [String(error)] });
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
  const { fault, times: count, lost, ok, ...more } = row;
  const mark = ok ? "✓" : "skipped" in more ? "-" : "✗";
  const details = Object.entries(more).map(
    ([name, value]) => `${name} ${Array.isArray(value) ? value.join("; ") : value}`,
  );
  console.log(`${mark} ${fault}: ${[`${count} times`, `${lost} lost`, ...details].join(", ")}`);
}
