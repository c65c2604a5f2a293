import { describe, expect, test } from "vitest";
import { correctKalman, predictKalman, startKalman } from "../../../agent/tracking/kalman.ts";

describe("the Kalman filter of one coordinate", () => {
  test("learns a constant velocity and extrapolates it without measurements", () => {
    let state = startKalman(0, 1, 100);
    for (let step = 1; step <= 20; step++) state = correctKalman(predictKalman(state, 0.2, 1), step * 10, 1);
    expect(state.velocity).toBeCloseTo(50, 0);
    expect(predictKalman(state, 2, 1).position).toBeCloseTo(300, -0.5);
  });

  test("is less certain with time and more certain with each measurement", () => {
    const start = startKalman(0, 2, 10);
    const later = predictKalman(start, 1, 5);
    expect(later.positionVariance).toBeGreaterThan(start.positionVariance);
    expect(correctKalman(later, 1, 2).positionVariance).toBeLessThan(Math.min(later.positionVariance, 4));
  });

  test("agrees with the matrix form of the filter", () => {
    // P = diag(4, 9), F = [[1, 2], [0, 1]], Q = 1²·[[4, 4], [4, 4]], H = [1, 0], R = 25; worked out by hand:
    // P⁻ = [[44, 22], [22, 13]], S = 69, K = [44/69, 22/69].
    const predicted = predictKalman(startKalman(10, 2, 3), 2, 1);
    expect(predicted).toEqual({
      position: 10,
      velocity: 0,
      positionVariance: 44,
      covariance: 22,
      velocityVariance: 13,
    });
    const corrected = correctKalman(predicted, 79, 5);
    expect(corrected.position).toBeCloseTo(54, 10);
    expect(corrected.velocity).toBeCloseTo(22, 10);
    expect(corrected.positionVariance).toBeCloseTo((44 * 25) / 69, 10);
    expect(corrected.covariance).toBeCloseTo((22 * 25) / 69, 10);
    expect(corrected.velocityVariance).toBeCloseTo(13 - (22 * 22) / 69, 10);
  });
});
