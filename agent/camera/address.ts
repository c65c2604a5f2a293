import { UsageError } from "../base/errors.ts";

/** Parts of `scheme://[user[:password]@]host[:port][path]`, as they are written: percent-encoded. */
export interface AddressParts {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** IPv6 in brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Everything behind host and port, query included. */
  readonly path: string;
}

const HOST = String.raw`[\p{L}\p{N}._-]+|\[[0-9a-f:.]+(?:%[\w.-]+)?\]`;
const LOGIN = String.raw`(?:([^\s/?#@:]*)(?::([^\s/?#@:]*))?@)?`;
/** RFC 3986, but an @ behind the host is not allowed: what stands before it could be a password with a / in it. */
const ADDRESS = new RegExp(
  `^([a-z][a-z0-9+.-]*)://${LOGIN}(${HOST})(?::(\\d{1,5}))?((?:[/?#][^\\s@]*)?)$`,
  "iu",
);
const STRAY_PERCENT = /%(?![0-9a-f]{2})/i;

/** The parts of an address; undefined where user, password and host cannot be told apart, or where it is none. */
export function splitAddress(text: string): AddressParts | undefined {
  const [, scheme, user, password, host, port, path] = ADDRESS.exec(text) ?? [];
  if (scheme === undefined || host === undefined || path === undefined) return undefined;
  if (STRAY_PERCENT.test(`${user}${password}`) || Number(port ?? 1) > 65535) return undefined;
  return { scheme, user, password, host, port: port === undefined ? undefined : Number(port), path };
}

/** A percent-encoded part of an address as it is meant; as it is written where it cannot be decoded. */
export function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** A clear address with this user and password in it, percent-encoded, in place of those it has. */
export function withLogin(address: string, login: Login | undefined): string {
  const parts = splitAddress(address);
  if (login === undefined || parts === undefined) return address;
  const encoded = `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}`;
  const port = parts.port === undefined ? "" : `:${parts.port}`;
  return `${parts.scheme}://${encoded}@${parts.host}${port}${parts.path}`;
}

/** What an address must be. */
export const CLEAR_ADDRESS = "an address in which user, password and host can be told apart";
/** How to write a user name or password that has such characters. */
export const ENCODING = "/ as %2F, ? as %3F, # as %23, @ as %40, : as %3A, % as %25, a space as %20";

/**
 * Returns an rtsp address from the command line as it is.
 * @throws UsageError where user, password and host cannot be told apart.
 */
export function requireClearAddress(address: string): string {
  if (splitAddress(address) !== undefined) return address;
  throw new UsageError(
    `expected ${CLEAR_ADDRESS}, received "${withoutLogin(address)}"`,
    `In user and password write ${ENCODING}.`,
  );
}

/** A scheme, short enough to be looked for at every character of a long text. */
const SCHEME = "[a-z][a-z0-9+.-]{0,20}://";
/** From a scheme to the last @ before the next scheme or the end of the line: a password may hold spaces and anything else. */
const USER_PART = new RegExp(`(${SCHEME})((?:(?!${SCHEME}).)*)@`, "gi");
const PARAMETERS = new RegExp(`${SCHEME}\\S+`, "gi");
const SECRET_PARAMETER =
  /((?:user(?:name)?|usr|login|pass(?:wor[dt]|wd)?|pwd|token|auth|secret|key)=)[^&;\s"'<>]*/gi;

/**
 * A text in which no address has a password: `scheme://user:***@host`, `scheme://***@host` for a user alone, which may be
 * a token, and `***` for user and password among the parameters. Where user, password and host cannot be told apart, all
 * that may belong to the password goes. Everything that is logged, thrown or printed about a stream goes through here.
 */
export function withoutCredentials(text: string): string {
  return text
    .replace(USER_PART, (_, scheme: string, login: string) => {
      const user = /^[^\s/?#@:]*(?=:)/.exec(login)?.[0];
      return user === undefined ? `${scheme}***@` : `${scheme}${user}:***@`;
    })
    .replace(PARAMETERS, (address) => address.replace(SECRET_PARAMETER, "$1***"));
}

/** A text that is one address, or was meant as one, without anything that may belong to user and password. */
export function withoutLogin(address: string): string {
  return withoutCredentials(address.replace(/^(?:([a-z][a-z0-9+.-]*:\/\/)|).*@/is, "$1***@"));
}
