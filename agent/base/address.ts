import { UsageError } from "./errors.ts";

/** The parts of `scheme://[user[:password]@]host[:port][path]`, still percent-encoded. */
export interface AddressParts {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** IPv6 in brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Everything after host and port, including the query. */
  readonly path: string;
}

const HOST = String.raw`[\p{L}\p{N}._-]+|\[[0-9a-f:.]+(?:%[\w.-]+)?\]`;
const LOGIN = String.raw`(?:([^\s/?#@:]*)(?::([^\s/?#@:]*))?@)?`;
/** RFC 3986, but without @ after the host: the text before it could be a password that contains a slash. */
const ADDRESS = new RegExp(
  `^([a-z][a-z0-9+.-]*)://${LOGIN}(${HOST})(?::(\\d{1,5}))?((?:[/?#][^\\s@]*)?)$`,
  "iu",
);
const STRAY_PERCENT = /%(?![0-9a-f]{2})/i;

/** Splits an address; undefined if it is no address, or if user, password and host cannot be told apart. */
export function splitAddress(text: string): AddressParts | undefined {
  const [, scheme, user, password, host, port, path] = ADDRESS.exec(text) ?? [];
  if (scheme === undefined || host === undefined || path === undefined) return undefined;
  if (STRAY_PERCENT.test(`${user}${password}`) || Number(port ?? 1) > 65535) return undefined;
  return { scheme, user, password, host, port: port === undefined ? undefined : Number(port), path };
}

/** Decodes a percent-encoded part of an address; returns it unchanged if it cannot be decoded. */
export function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** User and password, percent-decoded. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Replaces user and password of a valid address; encodes them. */
export function withLogin(address: string, login: Login | undefined): string {
  const parts = splitAddress(address);
  if (login === undefined || parts === undefined) return address;
  const encoded = `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}`;
  const port = parts.port === undefined ? "" : `:${parts.port}`;
  return `${parts.scheme}://${encoded}@${parts.host}${port}${parts.path}`;
}

/** Describes a valid address in error messages. */
export const CLEAR_ADDRESS = "an address in which user, password and host can be told apart";
/** How to encode special characters in a user name or password. */
export const ENCODING = "/ as %2F, ? as %3F, # as %23, @ as %40, : as %3A, % as %25, a space as %20";

/**
 * Checks an rtsp address from the command line and returns it unchanged.
 * @throws UsageError if user, password and host cannot be told apart.
 */
export function requireClearAddress(address: string): string {
  if (splitAddress(address) !== undefined) return address;
  throw new UsageError(
    `expected ${CLEAR_ADDRESS}, received "${withoutLogin(address)}"`,
    `In user and password write ${ENCODING}.`,
  );
}

/** The length is limited because long texts are searched for it at every character. */
const SCHEME = "[a-z][a-z0-9+.-]{0,20}://";
/** From a scheme to the last @ before the next scheme or the end of the line: passwords may contain any character. */
const USER_PART = new RegExp(`(${SCHEME})((?:(?!${SCHEME}).)*)@`, "gi");
const PARAMETERS = new RegExp(`${SCHEME}\\S+`, "gi");
const SECRET_PARAMETER =
  /((?:user(?:name)?|usr|login|pass(?:wor[dt]|wd)?|pwd|token|auth|secret|key)=)[^&;\s"'<>]*/gi;

/**
 * Removes passwords from all addresses in a text: `scheme://user:***@host`; `scheme://***@host` for a user without a
 * password, which may be a token; `***` for user and password in the query. If user, password and host cannot be told
 * apart, it removes everything that may belong to the password. Every text about a stream must go through this function
 * before it is logged, thrown or printed.
 */
export function withoutCredentials(text: string): string {
  return text
    .replace(USER_PART, (_, scheme: string, login: string) => {
      const user = /^[^\s/?#@:]*(?=:)/.exec(login)?.[0];
      return user === undefined ? `${scheme}***@` : `${scheme}${user}:***@`;
    })
    .replace(PARAMETERS, (address) => address.replace(SECRET_PARAMETER, "$1***"));
}

/** Removes everything that may belong to user and password from a text that is, or should be, one address. */
export function withoutLogin(address: string): string {
  return withoutCredentials(address.replace(/^(?:([a-z][a-z0-9+.-]*:\/\/)|).*@/is, "$1***@"));
}
