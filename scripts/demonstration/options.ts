import { Command, InvalidArgumentError, Option } from "commander";
import type { Runtime } from "../../detectors/detector.ts";
import { type BrokerAddress, parseBrokerUrl } from "./broker.ts";

/** What the user asked of the demo. */
export interface DemoOptions {
  /** Undefined: until Ctrl-C. */
  readonly seconds?: number;
  readonly json: boolean;
  readonly save?: string;
  readonly broker?: BrokerAddress;
  readonly clip?: string;
  readonly model?: string;
  /** Undefined: what suits the model. */
  readonly size?: string;
  readonly track: readonly string[];
  /** Undefined: the agent's default. */
  readonly runtime?: Runtime;
  /** How many times longer everything may take than on a machine of today. */
  readonly patience: number;
}

/** Where nobody is there to press Ctrl-C. The clip's first person comes after 6 s, the second after 23 s. */
const SECONDS_WITHOUT_TERMINAL = 60;

/** Reads the command line; says what is wrong with it and ends the process where it makes no sense. */
export function parseOptions(words: readonly string[], onTerminal: boolean): DemoOptions {
  const command = new Command("scripts/demo")
    .description(
      "A camera, a broker and the agent on this machine; prints the events as the broker delivers them.",
    )
    .option("--seconds <n>", "how long (default: until Ctrl-C; 60 where there is no terminal)", parsePositive)
    .option("--json", "a line {time, topic, payload} per message, then the summary", false)
    .option("--save <dir>", "write a picture of each new object, its box drawn in")
    .option("--broker <url>", "use this broker: mqtt://[user:password@]host[:port]", parseBroker)
    .option("--clip <file>", "an MP4 (H.264) for the camera to play")
    .option("--model <file>", "a detector module (.wasm), or weights to compile (.pt, .onnx)")
    .option("--size <WxH>", "model input (default: what suits the model)")
    .option("--track <labels>", "what to look for", (text) => text.split(","), ["person", "car", "dog"])
    .addOption(new Option("--runtime <name>", "the engine that runs the model").choices(["wasmer", "v8"]))
    .option("--patience <times>", "an emulated machine may take so many times longer", parsePositive, 1)
    .parse(words, { from: "user" });
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
