import type { Clock } from "../../base/clock.ts";

/** Counts wrong tokens, so that nobody can try many. */
export interface Attempts {
  /** Seconds until whoever asks from this address may try again; 0: now. */
  waitSeconds(address: string): number;
  /** Notes a wrong token. */
  failed(address: string): void;
}

const WINDOW_MS = 60_000;
/** A person who mistypes needs few; a program that guesses has as many addresses as it likes where there is IPv6. */
const PER_ADDRESS = 5;
const ALTOGETHER = 60;

/** Allows five wrong tokens a minute from one address, and sixty from all together. Forgets what is older. */
export function countAttempts(clock: Clock): Attempts {
  let failures: readonly { readonly address: string; readonly timeMs: number }[] = [];

  function recent() {
    const sinceMs = clock.monotonicMs() - WINDOW_MS;
    failures = failures.filter(({ timeMs }) => timeMs > sinceMs);
    return failures;
  }

  return {
    waitSeconds(address) {
      const all = recent();
      const own = all.filter((failure) => failure.address === address);
      const decisive = [own.at(-PER_ADDRESS), all.at(-ALTOGETHER)].filter((failure) => failure !== undefined);
      const freeMs = Math.max(0, ...decisive.map(({ timeMs }) => timeMs + WINDOW_MS - clock.monotonicMs()));
      return Math.ceil(freeMs / 1000);
    },
    failed(address) {
      failures = [...recent(), { address, timeMs: clock.monotonicMs() }];
    },
  };
}
