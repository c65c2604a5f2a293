import { InvalidArgumentError, Option } from "commander";
import { ROTATIONS, type Rotation } from "../../base/rotation.ts";

/** `--rotate DEGREES`. @param what the end of its description */
export function rotateOption(what: string): Option {
  // The choices are for help and completion; the parser makes numbers of them.
  return new Option("--rotate <degrees>", `clockwise rotation ${what}`)
    .choices(ROTATIONS.map(String))
    .argParser(toRotation);
}

function toRotation(text: string): Rotation {
  const rotation = ROTATIONS.find((known) => String(known) === text);
  if (rotation === undefined) throw new InvalidArgumentError("Expected 0, 90, 180 or 270.");
  return rotation;
}
