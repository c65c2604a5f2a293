/**
 * What is believed about one coordinate that moves with nearly constant velocity: its value and rate of change, and
 * how sure that is (a symmetric 2×2 covariance).
 */
export interface Motion {
  readonly position: number;
  /** Per second. */
  readonly velocity: number;
  readonly positionVariance: number;
  readonly covariance: number;
  readonly velocityVariance: number;
}

/** Begins at a first measurement, standing still as far as anyone knows. */
export function startMotion(position: number, positionStd: number, velocityStd: number): Motion {
  return {
    position,
    velocity: 0,
    positionVariance: positionStd ** 2,
    covariance: 0,
    velocityVariance: velocityStd ** 2,
  };
}

/**
 * Lets time pass: the Kalman filter's prediction for the discrete white-noise acceleration model
 * (Bar-Shalom, Li, Kirubarajan: Estimation with Applications to Tracking and Navigation, section 6.3.2).
 * @param accelerationStd how much the velocity may change, units per second².
 */
export function predictMotion(motion: Motion, seconds: number, accelerationStd: number): Motion {
  const { position, velocity, positionVariance, covariance, velocityVariance } = motion;
  const noise = accelerationStd ** 2;
  return {
    position: position + velocity * seconds,
    velocity,
    positionVariance:
      positionVariance +
      2 * seconds * covariance +
      seconds ** 2 * velocityVariance +
      (noise * seconds ** 4) / 4,
    covariance: covariance + seconds * velocityVariance + (noise * seconds ** 3) / 2,
    velocityVariance: velocityVariance + noise * seconds ** 2,
  };
}

/** Takes a measurement of the position into account: the Kalman filter's correction. */
export function correctMotion(motion: Motion, measured: number, measuredStd: number): Motion {
  const innovation = measured - motion.position;
  const innovationVariance = motion.positionVariance + measuredStd ** 2;
  const positionGain = motion.positionVariance / innovationVariance;
  const velocityGain = motion.covariance / innovationVariance;
  return {
    position: motion.position + positionGain * innovation,
    velocity: motion.velocity + velocityGain * innovation,
    positionVariance: (1 - positionGain) * motion.positionVariance,
    covariance: (1 - positionGain) * motion.covariance,
    velocityVariance: motion.velocityVariance - velocityGain * motion.covariance,
  };
}
