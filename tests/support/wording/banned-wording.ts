/** Wording that no text of the project uses, and why. CONTRIBUTING.md has the words to use instead. */
export interface BannedPhrase {
  readonly pattern: RegExp;
  readonly why: string;
}

/** Phrases in documents, configuration, comments, strings and identifiers. Patterns see a text as one line. */
export const BANNED_PHRASES: readonly BannedPhrase[] = [
  // Sentences that must be read twice.
  { pattern: /\bwhoever\b/, why: "name the person or program: a client, the user" },
  { pattern: /\bsomebody/, why: "name the person: a user, a person in view" },
  { pattern: /\bnobody is told\b/, why: "say what is not published or logged" },
  { pattern: /\bwhat there is\b/, why: "name the things: lists the models" },
  { pattern: /\btold of\b/, why: "the verb is report or publish" },
  { pattern: /\bso many times as fast\b/, why: "the field says: speed-up over" },
  { pattern: /\b(is|are) no more\b(?! than)/, why: "say: no longer exists, was removed" },
  { pattern: /\blets? itself\b/, why: "use the passive: can be read" },
  { pattern: /\bin vain\b/, why: "say what failed, or: unproductive" },
  { pattern: /\bever (less|more) often\b|\bever later\b/, why: "say: at growing intervals, with backoff" },
  { pattern: /\bby number\b(?! of)/, why: "say: numerically, by index" },
  { pattern: /\bhas a say\b/, why: "say: decides, counts" },
  { pattern: /\bwherein\b/, why: "say: in which, or begin a sentence" },
  // Private names for concepts that have a standard name.
  { pattern: /\btall(y|ies)\b/, why: "counters" },
  { pattern: /\bor[- ]?silence\b/, why: "idle timeout" },
  { pattern: /\bin[- ]?moderation\b/, why: "throttle" },
  { pattern: /\bsteady[- ]?stores?\b/, why: "resilient store" },
  { pattern: /\bvain[- ]?looks?\b/, why: "unproductive motion" },
  // `row end×4` is the name of a function inside modules, whose bytes must not change.
  { pattern: /(?<!in a )\brow[- ]?ends?\b(?!×)/, why: "epilogue" },
  { pattern: /\blook-?alikes?\b/, why: "confusable labels" },
  { pattern: /\brehears/, why: "warm-up" },
  { pattern: /\b(all|both|portable|relaxed|four|every) forms?\b/, why: "a build of a model is a variant" },
  // References that lead nowhere.
  { pattern: /\bDESIGN\b|\bdesign section\b/, why: "no such file is in the project: say what it says" },
  { pattern: /\bshared\/\w+\.md\b/, why: "no such file is in the project: say what it says" },
  { pattern: /\bissue #?\d/, why: "readers cannot look it up: say what it says" },
];

/** Names that no file or folder has, also not as a part: `steady-store.ts`, `open-doors.ts`, `news/`. */
export const BANNED_NAMES: Readonly<Record<string, string>> = {
  "steady-store": "resilient-store",
  news: "connection-log",
  bell: "signal",
  doors: "entry-points",
  "row-end": "epilogue",
  "row-ends": "epilogue",
  "vain-looks": "unproductive-motion",
  looked: "coverage",
  wanted: "object-filter",
  shadows: "duplicate-tracks",
  lookalikes: "confusable-labels",
  rehearsal: "warm-up",
  tally: "counters",
  "or-silence": "idle-timeout",
  "in-moderation": "throttle",
};
