import { setTimeout as delay } from "node:timers/promises";

/**
 * Resolves as soon as the condition holds; looks ten times a second.
 * @throws Error that tells what was waited for after `timeoutMs`
 */
export async function waitUntil(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`waited ${timeoutMs / 1000} s in vain: ${what}`);
    await delay(100);
  }
}
