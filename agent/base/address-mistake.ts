import { isStreamAddress, splitAddress, withoutLogin } from "./address.ts";
import { UsageError } from "./errors.ts";
import { hostMistake } from "./host-mistake.ts";

/** How to encode special characters in a user name or password. */
export const ENCODING = "/ as %2F, ? as %3F, # as %23, @ as %40, : as %3A, % as %25, a space as %20";

/** Why a text is no address of a stream. Never quotes the text: any part of it may be a password. */
export interface AddressMistake {
  /** Continues "expected …". */
  readonly expected: string;
  readonly remedy: string;
  /** Whether the mistake may be in user or password. */
  readonly isInLogin: boolean;
}

type Mistake = readonly [form: RegExp, expected: string, remedy: string];

const COMPLETE = "rtsp://HOST/PATH";

/** Mistakes in texts that cannot be parsed. The first pattern that matches counts. */
const MISTAKES: readonly Mistake[] = [
  [/^\s*["'<“‘«]/, "an address without quotes or brackets around it", "remove them"],
  [/^\s+rtsps?:\/\/|^rtsps?:\/\/\S*\s+$/i, "an address without spaces around it", "remove them"],
  [/^rtsps?(?::\/?|\/\/)(?![/])/i, "two slashes after the colon", `write ${COMPLETE}`],
  [
    /^https?:\/\//i,
    "an address that starts with rtsp:// or rtsps://",
    "the camera's web page is no stream: look up its RTSP address in its manual",
  ],
  [/^(?!rtsps?:\/\/)/i, "an address that starts with rtsp:// or rtsps://", `write ${COMPLETE}`],
  [/\s(?!.*@)/s, "an address without spaces", "write %20 instead"],
  [/^[^/]+:\/\/(?:[^/?#@]*@)?(?:[/?#:]|$)/, "a host", `write ${COMPLETE}`],
  [
    /^[^/]+:\/\/(?:[^/?#@]*@)?[^/?#@]*[<>{}][^@]*$/,
    "a host",
    "replace the placeholder in < > or { } by the camera's name or address",
  ],
  [
    /^[^/]+:\/\/(?:[^/?#@]*@)?[^/?#@\\]+\\[^@]*$/,
    "slashes after the host",
    `write / instead of \\: ${COMPLETE}`,
  ],
  [
    /^[^/]+:\/\/(?:[^/?#@]*@)?[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*(?:%[^/?#@]*)?(?:[/?#]|$)/i,
    "an IPv6 address in brackets",
    "write rtsp://[fe80::1%eth0]:554/PATH",
  ],
  [
    /^[^/]+:\/\/(?:[^/?#@]*@)?\[(?![0-9a-f:.]+(?:%[\w.-]+)?\])/i,
    "an IPv6 address between the brackets",
    "write it as [fd00::7], or [fe80::1%eth0] with the name of the network interface",
  ],
  [
    /^[^/]+:\/\/[^/?#@]*@(?:[\p{L}\p{N}._-]+|\[[^\]]*\]):(?:\d*|[^@/?#]*)(?:[/?#][^@]*)?$/u,
    "a port from 1 to 65535 after the host",
    "write the port, or remove the colon: the default is 554, or 322 with rtsps://",
  ],
  [
    /^[^/]+:\/\/(?:[\p{L}\p{N}._-]+|\[[^\]]*\]):[^@/?#]*(?:[/?#][^@]*)?$/u,
    "a port from 1 to 65535 after the host",
    `if the part before the colon is the user and the part after it the password, the host is missing: USER:PASSWORD@HOST`,
  ],
];

/**
 * Characters that a path must not contain (RFC 3986, 2 and appendix C) and that no camera uses: they were copied together
 * with the address. A fragment is never sent (RFC 3986, 3.5), and may be the rest of a password. Letters of all languages are allowed: requests contain them percent-encoded
 * (RFC 3987, 3.1). Signs that RFC 3986 does not allow but cameras may use, such as `|`, are allowed too.
 */
const PATH_MISTAKES: readonly Mistake[] = [
  [
    /[\p{Cc}\p{Cf}]/u,
    "a path without invisible characters",
    "type the address again instead of copying it: it contains characters that cannot be seen",
  ],
  [
    /["<>“”„«»]/,
    "a path without quotes and without < and >",
    'remove them; if they mark a placeholder, write the value in its place; if the path really contains them, write " as %22, < as %3C, > as %3E',
  ],
  [
    /#/,
    "an address without #",
    "write %23 instead if the path or a password in it contains it; remove the # and what follows if it is an option of another program, such as #video=copy of go2rtc",
  ],
  [/\\/, "a path without \\", "write / instead, or %5C if the path really contains it"],
  [/%(?![0-9a-f]{2})/i, "two hexadecimal digits after each % in the path", "write % as %25"],
];

/** Explains why a text is no address of a stream; undefined: it is one. */
export function streamAddressMistake(text: string): AddressMistake | undefined {
  const parts = isStreamAddress(text) ? splitAddress(text) : undefined;
  if (parts !== undefined) {
    const wrong = hostMistake(parts.host.replace(/^\[|\]$/g, "")) ?? mistakeOf(parts.path, PATH_MISTAKES);
    return wrong && { ...wrong, isInLogin: false };
  }
  const mistake = mistakeOf(text, MISTAKES);
  if (mistake !== undefined) return { ...mistake, isInLogin: false };
  return {
    expected: "an address in which user, password and host can be told apart",
    remedy: `in user and password write ${ENCODING}`,
    isInLogin: true,
  };
}

function mistakeOf(text: string, mistakes: readonly Mistake[]) {
  const [, expected, remedy] = mistakes.find(([form]) => form.test(text)) ?? [];
  return expected === undefined || remedy === undefined ? undefined : { expected, remedy };
}

/**
 * Checks an rtsp address from the command line and returns it unchanged.
 * @throws UsageError if it is invalid.
 */
export function requireClearAddress(address: string): string {
  const mistake = streamAddressMistake(address);
  if (mistake === undefined) return address;
  const { expected, remedy } = mistake;
  throw new UsageError(`expected ${expected}, received "${withoutLogin(address)}"`, asSentence(remedy));
}

/** Writes a remedy from `AddressMistake` as a sentence. */
export function asSentence(remedy: string): string {
  return `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`;
}
