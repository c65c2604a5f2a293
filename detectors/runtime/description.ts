import { ModelError } from "../errors.ts";
import { ABI, DESCRIPTION_LIMITS, DESCRIPTION_SECTION, type ModelDescription } from "../module-format.ts";
import { isDescription } from "./description-rules.ts";
import { excerpt, isRecord } from "./rules.ts";

const remedy = "Compile the model with this version's `sabrewing compile`.";

/** Limit of the problems that an error lists. */
const MAX_PROBLEMS = 20;

/**
 * Reads the description in a module's custom section `sabrewing` (UTF-8 JSON).
 * @throws ModelError when the section is missing, duplicated or too large, is not JSON, has another format version, or has
 *   wrong or unknown keys.
 */
export function parseDescription(customSections: readonly Uint8Array[]): ModelDescription {
  const [section, second] = customSections;
  if (section === undefined || second !== undefined) {
    throw new ModelError(
      `Expected one custom section "${DESCRIPTION_SECTION}" that describes the model, found ${customSections.length}: ` +
        "this is a WebAssembly module, but not one of sabrewing.",
      remedy,
    );
  }
  requireDescriptionSize(customSections);
  const json = parseJson(section);
  // The format version is checked first: in another version every other key may differ.
  if (isRecord(json) && "abi" in json && json.abi !== ABI) {
    throw new ModelError(
      `The module has format version ${excerpt(json.abi)}; this version of sabrewing supports ${ABI}.`,
      "Compile it again with this version's `sabrewing compile`, or install the version that compiled it.",
    );
  }
  const problems: string[] = [];
  if (isDescription(json, problems)) return json;
  const more = problems.length - MAX_PROBLEMS;
  const listed = [...problems.slice(0, MAX_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])];
  throw new ModelError(`The module's description is not valid: ${listed.join("; ")}.`, remedy);
}

/** @throws ModelError when a description is larger than the format allows. */
export function requireDescriptionSize(customSections: readonly Uint8Array[]): void {
  const large = customSections.find(({ byteLength }) => byteLength > DESCRIPTION_LIMITS.sectionBytes);
  if (large === undefined) return;
  throw new ModelError(
    `The module's description has ${large.byteLength} bytes; expected at most ${DESCRIPTION_LIMITS.sectionBytes}.`,
    remedy,
  );
}

function parseJson(section: Uint8Array): unknown {
  try {
    // TextDecoder does not accept shared memory, so it gets a copy.
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(section)));
  } catch (cause) {
    throw new ModelError("The module's description is not UTF-8 JSON.", remedy, { cause });
  }
}
