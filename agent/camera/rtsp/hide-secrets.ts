import type { Login } from "../../base/address.ts";
import { plainText } from "../../base/plain-text.ts";

/** Longer texts of a camera are not shown. */
const MOST_CHARACTERS = 4_000;
/** A shorter password also occurs within words: it is removed only where it stands alone. */
const LEAST_WITHIN_WORDS = 4;
const HIDDEN = "***";

/**
 * Removes a password from texts of the camera that has it: as it is, percent-encoded (RFC 3986, 2.1) or as references of HTML,
 * also mixed, in any case, and in base64 alone or after the user (Basic, RFC 7617). Characters that are not shown
 * may stand in between.
 * @param login undefined: there is nothing to remove
 * @returns a function that returns clean text of one line
 */
export function secretHider(login: Login | undefined): (text: string) => string {
  if (login === undefined) return clean;
  const { user, password } = login;
  // A user without a password may be a token.
  const secret = password === "" ? user : password;
  if (secret === "") return clean;
  const encoded = [`${user}:${password}`, secret].flatMap((text) =>
    (["base64", "base64url"] as const).map((kind) => Buffer.from(text).toString(kind).replace(/=+$/, "")),
  );
  const pattern = new RegExp([...encoded, secret].map(spelled).join("|"), "giu");
  return (text) => clean(text).replaceAll(pattern, HIDDEN);
}

/** The source of a pattern for all spellings of a text. */
function spelled(text: string): string {
  const characters = Array.from(clean(text), spelledCharacter).join("\uFFFD?");
  if (text.length >= LEAST_WITHIN_WORDS) return characters;
  return String.raw`(?<![\p{L}\p{N}])${characters}(?![\p{L}\p{N}])`;
}

/** The characters of a text as they are shown. */
function clean(text: string): string {
  return plainText(text, MOST_CHARACTERS);
}

const HTML_NAMES: Readonly<Record<string, string | undefined>> = {
  "&": "amp",
  "<": "lt",
  ">": "gt",
  '"': "quot",
  "'": "apos",
};

function spelledCharacter(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const bytes = [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  const name = HTML_NAMES[character];
  const references = [
    `&#0*${point};`,
    `&#x0*${point.toString(16)};`,
    ...(name === undefined ? [] : [`&${name};`]),
  ];
  // In forms, a space is a plus sign.
  const spellings = [
    ...references,
    bytes,
    ...(character === " " ? [String.raw`\+`] : []),
    literal(character),
  ];
  return `(?:${spellings.join("|")})`;
}

function literal(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
