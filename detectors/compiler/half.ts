/** Decodes IEEE 754 binary16: one sign, five exponent and ten fraction bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const SMALLEST_EXPONENT = -14;
const LARGEST = 65_504;

/** The bits of a number that binary16 represents exactly; undefined for all others, infinities and NaN. */
export function numberToHalf(number: number): number | undefined {
  const size = Math.abs(number);
  if (!(size <= LARGEST)) return undefined;
  const sign = number < 0 || Object.is(number, -0) ? 0x8000 : 0;
  const exponent = Math.max(SMALLEST_EXPONENT, Math.floor(Math.log2(size)));
  // A normal number counts 1024 to 2047 units in the last place: the implicit one carries into the exponent field.
  const places = size * 2 ** (10 - exponent);
  if (!Number.isInteger(places)) return undefined;
  return sign | (((exponent - SMALLEST_EXPONENT) << 10) + places);
}

/** The nearest number that binary16 represents; of two equally near ones, the one whose last bit is 0. */
export function roundToHalf(number: number): number {
  const size = Math.abs(number);
  if (!Number.isFinite(size) || size === 0) return number;
  const unit = 2 ** (Math.max(SMALLEST_EXPONENT, Math.floor(Math.log2(size))) - 10);
  const units = size / unit;
  const below = Math.floor(units);
  const up = units - below > 0.5 || (units - below === 0.5 && below % 2 === 1);
  const rounded = (up ? below + 1 : below) * unit;
  return Math.sign(number) * (rounded > LARGEST ? Infinity : rounded);
}

/** All numbers as binary16; undefined unless it represents all of them exactly. */
export function numbersToHalves(numbers: Float32Array): Uint16Array | undefined {
  const halves = new Uint16Array(numbers.length);
  for (const [index, number] of numbers.entries()) {
    const half = numberToHalf(number);
    if (half === undefined) return undefined;
    halves[index] = half;
  }
  return halves;
}
