/**
 * Loaded into a process before its program (`node --import`): with every SIGUSR2 the machine's clock jumps an hour, forth
 * and back in turn, as far as that process can tell.
 */
const HOUR_MS = 3_600_000;
const now = Date.now;
let offsetMs = 0;

Date.now = () => now() + offsetMs;
process.on("SIGUSR2", () => {
  offsetMs = offsetMs === 0 ? HOUR_MS : 0;
});
