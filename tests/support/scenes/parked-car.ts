import type { RgbImage } from "../../../agent/base/rgb-image.ts";
import { cutOut, drive, paste } from "./scenes.ts";

/** The box of a car in images/street.jpg, pixels. The car is small, so it is enlarged. */
const CAR = [225, 322, 340, 380] as const;
/** The rear of the car in front, which would be an object of its own. */
const ANOTHER_CAR = [
  [225, 322, 251, 343],
  [225, 343, 232, 365],
] as const;
const ENLARGEMENT = 2.2;
const PARKED_AT = { x: 250, y: 230 };
const COMES = { from: 5, to: 10 };
/** Seconds that a leaving car needs to leave the frame. */
const LEAVES_IN = 6;

/**
 * A car that comes from the left, stops, and leaves to the right.
 * @param photograph images/street.jpg
 * @param leavesAt the second at which it starts to leave
 * @returns the image at a second
 */
export async function parkedCar(
  background: RgbImage,
  photograph: string,
  leavesAt: number,
): Promise<(second: number) => RgbImage> {
  const car = await cutOut(photograph, CAR, ENLARGEMENT, ANOTHER_CAR);
  const { x, y } = PARKED_AT;
  const parked = paste(background, car, x, y);
  return (second) => {
    if (second >= COMES.to && second <= leavesAt) return parked;
    const left =
      second < leavesAt
        ? -car.width + (x + car.width) * drive(second, COMES.from, COMES.to)
        : x + (background.width - x) * drive(second, leavesAt, leavesAt + LEAVES_IN);
    return paste(background, car, left, y);
  };
}
