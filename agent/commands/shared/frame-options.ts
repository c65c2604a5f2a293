import { InvalidArgumentError, Option } from "commander";

/** Parses `--every`, the seconds between two frames. @throws InvalidArgumentError */
const secondsBetweenFrames = between(0.02, 10);

/** A parser of numbers in a range, for commander. It throws InvalidArgumentError. */
export function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`);
  };
}

/** The option `--frames N`. */
export function framesOption(): Option {
  const text = "maximum number of frames (default: 1 of a stream, all of a clip)";
  return new Option("--frames <n>", text).argParser(wholeNumber);
}

/** The option `--every SECONDS`. */
export function everyOption(): Option {
  const text = "seconds between two frames of a clip or stream";
  return new Option("--every <seconds>", text).argParser(secondsBetweenFrames);
}

/** Parses a number of frames. @throws InvalidArgumentError */
function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("Expected a whole number, 1 or more.");
}

/** Names of output files. Two inputs may share a name: the second image called `a` becomes `a-2`. */
export function fileNames(): (name: string) => string {
  const used = new Map<string, number>();
  return (name) => {
    const times = (used.get(name) ?? 0) + 1;
    used.set(name, times);
    return times === 1 ? name : `${name}-${times}`;
  };
}
