import { type Rotation, rotationOf } from "../../../base/rotation.ts";

/** How frames are turned: first mirrored (left to right), then rotated clockwise by this number of degrees. */
interface Turn {
  readonly degrees: number;
  readonly isMirrored: boolean;
}

const UNTURNED: Turn = { degrees: 0, isMirrored: false };

const rotate =
  (degrees: number) =>
  (turn: Turn): Turn => ({ ...turn, degrees: turn.degrees + degrees });
const hflip = ({ degrees, isMirrored }: Turn): Turn => ({ degrees: -degrees, isMirrored: !isMirrored });
const vflip = (turn: Turn): Turn => rotate(180)(hflip(turn));

/** The directions of ffmpeg's filter transpose, in the order of their numbers. Hardware filters have the same directions. */
const DIRECTIONS: ReadonlyMap<string, (turn: Turn) => Turn> = new Map([
  ["cclock_flip", (turn) => vflip(rotate(-90)(turn))],
  ["clock", rotate(90)],
  ["cclock", rotate(-90)],
  ["clock_flip", (turn) => vflip(rotate(90)(turn))],
  ["reversal", rotate(180)],
  ["hflip", hflip],
  ["vflip", vflip],
]);
const NUMBERED = [...DIRECTIONS.keys()];

const FILTERS = /(?:^|\s)-(?:vf|filter:v)\s+("[^"]*"|'[^']*'|\S+)/g;
const TRANSPOSE = /^(?:transpose(?:_\w+)?=(?:dir=)?|vpp_qsv=(?:.*:)?transpose=)(\w+)/;

/**
 * The rotation by the video filters in ffmpeg's arguments, such as `-vf transpose=1`. The last -vf counts, as in ffmpeg.
 * @returns undefined if they also mirror the frames
 */
export function rotationIn(args: string): Rotation | undefined {
  const filters = [...args.matchAll(FILTERS)].at(-1)?.[1]?.replaceAll(/["']/g, "").split(",") ?? [];
  const turn = filters.reduce((before, filter) => turnOf(filter.trim())(before), UNTURNED);
  return turn.isMirrored ? undefined : rotationOf(turn.degrees);
}

function turnOf(filter: string): (turn: Turn) => Turn {
  const direction = TRANSPOSE.exec(filter)?.[1];
  const name = direction === undefined ? filter : (NUMBERED[Number(direction)] ?? direction);
  return DIRECTIONS.get(name) ?? ((turn) => turn);
}
