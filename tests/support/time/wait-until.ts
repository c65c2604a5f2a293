import { setTimeout as delay } from "node:timers/promises";

/**
 * Resolves when the condition holds. Checks it ten times a second.
 * @throws Error that names the condition after `timeoutMs`
 */
export async function waitUntil(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not reached within ${timeoutMs / 1000} s: ${what}`);
    await delay(100);
  }
}
