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
  if (STRAY_PERCENT.test(`${user}${password}`) || !isPort(Number(port ?? 1))) return undefined;
  return { scheme, user, password, host, port: port === undefined ? undefined : Number(port), path };
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

/** Whether a text begins as the address of a camera's stream. Schemes are case-insensitive (RFC 3986, section 3.1). */
export function isStreamAddress(text: string): boolean {
  return /^rtsps?:\/\//i.test(text);
}

/** Writes the scheme of an address in lower case, so that each address has one spelling. */
export function withLowerCaseScheme(address: string): string {
  return address.replace(/^[a-z][a-z0-9+.-]*:\/\//i, (scheme) => scheme.toLowerCase());
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

/** The length is limited because long texts are searched for it at every character. */
const SCHEME = "[a-z][a-z0-9+.-]{0,20}://";
/**
 * From a scheme to the last @ before the next scheme or the end of the line: passwords may contain any character. After a
 * space it also ends at a quote, because there the text around the address has begun.
 */
const USER_PART = new RegExp(
  `(${SCHEME})((?:(?!${SCHEME})\\S)*(?:[^\\S\\r\\n](?:(?!${SCHEME})[^"'\\r\\n])*)?)@`,
  "gi",
);
/** The text after a host's colon is a port, else it may be a password whose host was forgotten. */
const NO_PORT = String.raw`:(?!(?:[0-5]?\d{1,4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])(?![\p{L}\p{N}]))(?!\*\*\*@)`;
const HOST_AND_COLON = new RegExp(
  `(${SCHEME}(?:[^\\s/?#@]*@)?(?:\\[[^\\]\\s]*\\]|[^\\s/?#@:"'<>[]*))${NO_PORT}[^\\s"'<>]+`,
  "giu",
);
const PARAMETERS = new RegExp(`${SCHEME}\\S+`, "gi");
/** The start of `name=value` in path, query or fragment, or of a value alone in query or fragment. */
const PARAMETER = /([/?&;#])([^/?&;#=\s"'<>]*)=|[?&;#]/g;
const VALUE = /[^&\s"'<>]*/y;
/** Names of parameters that have a secret value. */
const SECRET_NAME =
  /pass|p[as]?wd|psw|secret|token|key|auth|sig|cred|login|code|user|usr|account|session|ticket|nonce|digest|hash|otp|jwt|^(?:pw|pin|p|u|sid|acc)$/i;
/** Values that are no secret unless their name says so: `channel=1`, `stream=main`. In a path they also end at a slash. */
const HARMLESS_VALUE = /(?:\d{1,4}|[a-z]{1,6}|unicast|multicast|h26[45]|)(?=[?&;#\s"'<>]|$)/iy;
const HARMLESS_IN_PATH = /(?:\d{1,4}|[a-z]{1,6}|unicast|multicast|h26[45]|)(?=[/?&;#\s"'<>]|$)/iy;

/**
 * Replaces the values of the parameters of an address or its path that may be secret: all values but short words and
 * numbers, and those too if the (percent-decoded) name is that of a secret. A secret value ends only at the next &.
 */
export function replaceSecretValues(address: string, replace: (value: string) => string): string {
  const pieces: string[] = [];
  let end = 0;
  const parameter = new RegExp(PARAMETER);
  for (let match = parameter.exec(address); match !== null; match = parameter.exec(address)) {
    const start = parameter.lastIndex;
    const isSecret = SECRET_NAME.test(decodedPart(match[2] ?? ""));
    const harmless = isSecret
      ? undefined
      : matchAt(match[1] === "/" ? HARMLESS_IN_PATH : HARMLESS_VALUE, address, start);
    const value = harmless ?? matchAt(VALUE, address, start) ?? "";
    parameter.lastIndex = start + value.length;
    if (harmless !== undefined || value === "") continue;
    pieces.push(address.slice(end, start), replace(value));
    end = parameter.lastIndex;
  }
  return pieces.join("") + address.slice(end);
}

function matchAt(sticky: RegExp, text: string, start: number): string | undefined {
  sticky.lastIndex = start;
  return sticky.exec(text)?.[0];
}

/**
 * Removes passwords from all addresses in a text: `scheme://user:***@host`; `scheme://***@host` for a user without a
 * password, which may be a token; `***` for parameters that may be secret, and for a port that is no number. If user,
 * password and host cannot be told apart, it removes everything that may belong to the password. Every text about a stream
 * must go through this function before it is logged, thrown or printed.
 */
export function withoutCredentials(text: string): string {
  return text
    .replace(USER_PART, (_, scheme: string, login: string) => {
      const user = /^[^\s/?#@:]*(?=:)/.exec(login)?.[0];
      return user === undefined ? `${scheme}***@` : `${scheme}${user}:***@`;
    })
    .replace(HOST_AND_COLON, "$1:***")
    .replace(PARAMETERS, (address) => replaceSecretValues(address, () => "***"));
}

/** Like HOST_AND_COLON, for a text that is one address: an optional `name=` and scheme, an optional login, a host. */
const FIRST_COLON = new RegExp(
  `^((?:[^:@]*://)?(?:\\*\\*\\*@)?(?:\\[[^\\]]*\\]|[^:@[]*))(?!://)${NO_PORT}.+$`,
  "su",
);

/** Removes everything that may belong to user and password from a text that is, or should be, one address. */
export function withoutLogin(address: string): string {
  const withoutUser = address.replace(/^(?:([a-z][a-z0-9+.-]*:\/\/)|).*@/is, "$1***@");
  return withoutCredentials(withoutUser.replace(FIRST_COLON, "$1:***"));
}

/** An address: complete, or with a mistyped or missing scheme, as in `rtsp:/u:p@h`, `rtsp//u:p@h` and `u:p@h`. */
const LIKE_AN_ADDRESS = /:\/|:.*@|\/\/.*[:@]/s;

/**
 * Removes user and password from a text that may be an address, even a mistyped one, or a name: of a file, model or host.
 * Names without `:` before `/` or `@`, and without `:` or `@` after `//`, remain unchanged.
 */
export function withoutPossibleLogin(text: string): string {
  return LIKE_AN_ADDRESS.test(text) ? withoutLogin(text) : text;
}
