import { MissingOperators } from "./errors.ts";

/** The most places listed per obstacle. */
const PLACES_SHOWN = 12;

/** What a model needs and the compiler lacks. */
export interface Survey {
  /**
   * @param what an operator, and what is special about it: `Conv with groups`
   * @param where the node or layer
   */
  readonly add: (what: string, where: string) => void;
  /** @throws MissingOperators that lists everything missing once, with its number and first places; not when nothing is. */
  readonly refuse: (message: string, remedy: string) => void;
}

/**
 * Starts a survey.
 * @param part what is counted: `node`, `layer`
 */
export function startSurvey(part: string): Survey {
  const missing = new Map<string, string[]>();
  return {
    add(what, where) {
      const places = missing.get(what);
      if (places) places.push(where);
      else missing.set(what, [where]);
    },
    refuse(message, remedy) {
      if (missing.size === 0) return;
      const list = [...missing].map(([what, places]) => `${what}: ${countPlaces(part, places)}`);
      throw new MissingOperators(message, remedy, { list });
    },
  };
}

function countPlaces(part: string, places: readonly string[]): string {
  const shown = places.slice(0, PLACES_SHOWN).map((place) => `"${place}"`);
  const rest = places.length - shown.length;
  return `${places.length} ${part}${places.length === 1 ? "" : "s"}, ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
