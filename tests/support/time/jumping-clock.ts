/**
 * Loaded into a process before its program (`node --import`): with each SIGUSR2 the process's clock jumps an hour,
 * alternately forward and back.
 */
const HOUR_MS = 3_600_000;
const now = Date.now;
let offsetMs = 0;

Date.now = () => now() + offsetMs;
process.on("SIGUSR2", () => {
  offsetMs = offsetMs === 0 ? HOUR_MS : 0;
});
