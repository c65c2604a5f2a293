/**
 * The Kalman filter's estimate of one coordinate that moves with nearly constant velocity: its value, its rate of change,
 * and their uncertainty (a symmetric 2×2 covariance).
 */
export interface KalmanState {
  readonly position: number;
  /** Per second. */
  readonly velocity: number;
  readonly positionVariance: number;
  readonly covariance: number;
  readonly velocityVariance: number;
}

/** Starts from a first measurement, with an estimated velocity of 0. */
export function startKalman(position: number, positionStd: number, velocityStd: number): KalmanState {
  return {
    position,
    velocity: 0,
    positionVariance: positionStd ** 2,
    covariance: 0,
    velocityVariance: velocityStd ** 2,
  };
}

/**
 * The prediction step, for the discrete white-noise acceleration model (Bar-Shalom, Li, Kirubarajan: Estimation with
 * Applications to Tracking and Navigation, section 6.3.2).
 * @param accelerationStd how much the velocity may change, units per second².
 */
export function predictKalman(state: KalmanState, seconds: number, accelerationStd: number): KalmanState {
  const { position, velocity, positionVariance, covariance, velocityVariance } = state;
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

/** The correction step, for a measurement of the position. */
export function correctKalman(state: KalmanState, measured: number, measuredStd: number): KalmanState {
  const innovation = measured - state.position;
  const innovationVariance = state.positionVariance + measuredStd ** 2;
  const positionGain = state.positionVariance / innovationVariance;
  const velocityGain = state.covariance / innovationVariance;
  return {
    position: state.position + positionGain * innovation,
    velocity: state.velocity + velocityGain * innovation,
    positionVariance: (1 - positionGain) * state.positionVariance,
    covariance: (1 - positionGain) * state.covariance,
    velocityVariance: state.velocityVariance - velocityGain * state.covariance,
  };
}
