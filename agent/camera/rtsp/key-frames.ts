/**
 * Whether a decoder can start at a frame. "closed": it can, and all following frames can be decoded. "open": it can, but
 * leading frames cannot be decoded then. "broken": it can, and leading frames can never be decoded.
 */
export type Access = "none" | "closed" | "open" | "broken";

/**
 * Where a frame stands that follows a key frame: "leading": it may refer to frames before the key frame; "decodable": it is
 * displayed before the key frame, but does not; "trailing": it does not, and neither do the following ones.
 */
export type Position = "leading" | "decodable" | "trailing";

/** The properties of an access unit that decide whether it can be decoded. */
export interface UnitFacts {
  readonly access: Access;
  readonly position: Position;
  /** Whether it consists of I slices. */
  readonly isIntra: boolean;
  /** Of its recovery point message, in frames; undefined without one. */
  readonly recoveryFrames: number | undefined;
  /** Whether parts of it were lost. */
  readonly isIncomplete: boolean;
  /** Whether the parameter sets for it are known. */
  readonly hasParameterSets: boolean;
}

export interface UnitVerdict {
  readonly isKey: boolean;
  readonly isDamaged: boolean;
  /** "undecodable": it refers to frames that the decoder does not have, and only leading frames refer to it. */
  readonly leading: "no" | "decodable" | "undecodable";
}

/** Decides for each access unit of an H.264 or H.265 stream whether it is a key frame and whether it can be decoded. */
export interface KeyFrames {
  judge(facts: UnitFacts): UnitVerdict;
  /** Packets were lost before the next access unit. */
  lose(): void;
}

/** After this many access units without a key frame, a frame of I slices counts as one: some cameras send no others. */
const UNITS_WITHOUT_KEY = 100;

export function keyFrames(): KeyFrames {
  /** The decoder lacks frames until the next key frame. */
  let needsKey = true;
  let unitsWithoutKey = 0;
  let leading: UnitVerdict["leading"] = "no";

  const accessOf = ({ access, recoveryFrames, isIntra, ...facts }: UnitFacts): Access => {
    if (facts.isIncomplete || !facts.hasParameterSets) return "none";
    if (access !== "none") return access;
    if (recoveryFrames === 0 && isIntra) return "open";
    // A stream that refreshes a part of each frame has no other entry. While it is whole, its recovery points are no key
    // frames: they cannot be decoded alone.
    const isEntry = recoveryFrames !== undefined || (isIntra && unitsWithoutKey >= UNITS_WITHOUT_KEY);
    return needsKey && isEntry ? "closed" : "none";
  };

  return {
    judge(facts) {
      const access = accessOf(facts);
      if (access !== "none") {
        leading = access === "closed" ? "no" : access === "open" && !needsKey ? "decodable" : "undecodable";
        needsKey = false;
        unitsWithoutKey = 0;
        return { isKey: true, isDamaged: false, leading: "no" };
      }
      unitsWithoutKey++;
      needsKey ||= facts.isIncomplete;
      if (facts.position === "trailing") leading = "no";
      return { isKey: false, isDamaged: needsKey, leading: facts.position === "leading" ? leading : "no" };
    },
    lose() {
      needsKey = true;
    },
  };
}
