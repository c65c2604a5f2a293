import { Command, InvalidArgumentError } from "commander";
import { runtimeOption } from "../../agent/commands/shared/module-options.ts";
import type { Runtime } from "../../detectors/detector.ts";
import { type BrokerAddress, parseBrokerUrl } from "./broker.ts";

/** The demo's options. */
export interface DemoOptions {
  /** Undefined: until Ctrl-C. */
  readonly seconds?: number;
  readonly json: boolean;
  readonly save?: string;
  readonly broker?: BrokerAddress;
  readonly clip?: string;
  readonly model?: string;
  /** Undefined: the model's default. */
  readonly size?: string;
  readonly track: readonly string[];
  /** Undefined: the agent's default. */
  readonly runtime?: Runtime;
  /** Factor for all time limits, for slow machines. */
  readonly patience: number;
}

/** Default without a terminal, where Ctrl-C is impossible. The clip's first two people appear after 6 s and 23 s. */
const SECONDS_WITHOUT_TERMINAL = 60;

/** Reads the command line. When it is wrong, prints the error and exits. */
export function parseOptions(args: readonly string[], onTerminal: boolean): DemoOptions {
  const command = new Command("scripts/demo")
    .description(
      "Runs a camera, a broker and the agent on this machine and prints the events as the broker delivers them.",
    )
    .option("--seconds <n>", "duration (default: until Ctrl-C, or 60 without a terminal)", parsePositive)
    .option(
      "--json",
      "print one line of JSON per message, {time, topic, payload}, and then the summary",
      false,
    )
    .option("--save <dir>", "write a snapshot of each new object, with its box drawn in, to this folder")
    .option("--broker <url>", "use this broker: mqtt://[user:password@]host[:port]", parseBroker)
    .option("--clip <file>", "MP4 (H.264) that the camera plays")
    .option(
      "--model <file>",
      "detector module (.wasm), or model to compile (.pt, .onnx, .tflite, model.json)",
    )
    .option("--size <WxH>", "size of the model's input (default: depends on the model)")
    .option("--track <labels>", "labels to track, separated by commas", (text) => text.split(","), [
      "person",
      "car",
      "dog",
    ])
    .addOption(runtimeOption())
    .option(
      "--patience <times>",
      "factor for all time limits, for slow or emulated machines",
      parsePositive,
      1,
    )
    .parse(args, { from: "user" });
  const options = command.opts<DemoOptions>();
  return options.seconds === undefined && !onTerminal
    ? { ...options, seconds: SECONDS_WITHOUT_TERMINAL }
    : options;
}

function parsePositive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError("Expected a number above 0.");
  return number;
}

function parseBroker(text: string): BrokerAddress {
  try {
    return parseBrokerUrl(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
