/**
 * The function that a convolution applies to its sums before it stores them. Hard swish (Howard et al. 2019, arXiv:1905.02244)
 * is slope · x · min(max(x + 3, 0), 6); its slope is 1/6, or the nearest half-precision number in files with such constants.
 */
export type Activation =
  | "none"
  | "silu"
  | "relu"
  | "relu6"
  | { readonly hardSwish: number }
  /** x for x ≥ 0, else the slope times x. */
  | { readonly leakyRelu: number };

/** The logistic function 1 / (1 + e⁻ˣ), in f64. */
export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** SiLU's minimum, at x = −1.278. */
export const SILU_MINIMUM = -0.2785;

/** The reference of an activation that is fused into a convolution, in f64. */
export function activate(activation: Activation, x: number): number {
  switch (activation) {
    case "none":
      return x;
    case "silu":
      return x * logistic(x);
    case "relu":
      return Math.max(x, 0);
    case "relu6":
      return Math.min(Math.max(x, 0), 6);
    default:
      if ("leakyRelu" in activation) return x < 0 ? activation.leakyRelu * x : x;
      return activation.hardSwish * x * Math.min(Math.max(x + 3, 0), 6);
  }
}

/** SiLU within 2.4e-3, from powers of two with linear interpolation between whole exponents. */
export function coarseSilu(x: number): number {
  const octaves = Math.max(-62, Math.min(62, (x * Math.LOG2E) / 2));
  const up = linearPower(octaves);
  return (x * up) / (up + linearPower(-octaves));
}

/** Approximately 2^x. */
function linearPower(x: number): number {
  const whole = Math.floor(x);
  return 2 ** whole * (1 + x - whole);
}

/** The minimum of an activation. */
export function minimumOf(activation: Activation): number {
  switch (activation) {
    case "none":
      return Number.NEGATIVE_INFINITY;
    case "silu":
      return SILU_MINIMUM;
    case "relu":
    case "relu6":
      return 0;
    default:
      if ("leakyRelu" in activation) return activation.leakyRelu > 0 ? Number.NEGATIVE_INFINITY : 0;
      // At x = −1.5.
      return -2.25 * activation.hardSwish;
  }
}
