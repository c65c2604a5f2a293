import { domainToASCII } from "node:url";

/** The parts of an rtsp:// or rtsps:// address, split as ffmpeg splits it. */
export interface RtspAddress {
  readonly scheme: "rtsp" | "rtsps";
  /** Percent-encoded; undefined: none. */
  readonly login: string | undefined;
  /** In lower case; an IPv6 address without its brackets, with its zone (`fe80::1%eth0`). */
  readonly host: string;
  readonly port: number;
  /** Path and query, percent-encoded, starting with a slash; empty: none. */
  readonly path: string;
}

const DEFAULT_PORTS = { rtsp: 554, rtsps: 322 } as const;
/** Whether cameras often use this port. */
export function hasUsualPort({ scheme, port }: RtspAddress): boolean {
  return port === DEFAULT_PORTS[scheme] || port === 8554;
}

/** User and password may contain any character that does not end the authority (see av_url_split in ffmpeg). */
const PARTS =
  /^(?<scheme>rtsps?):\/\/(?:(?<login>[^/?#\s]*)@)?(?:\[(?<ipv6>[^\]/?#@\s]+)\]|(?<host>[^/?#@:[\]\s]+))(?::(?<port>\d{1,5}))?(?<path>[/?#][^\s]*)?$/i;

/** @returns undefined if the text is no RTSP address */
export function parseRtspAddress(address: string): RtspAddress | undefined {
  const { scheme = "", login, ipv6, host, port, path = "" } = PARTS.exec(address)?.groups ?? {};
  const name = ipv6 === undefined ? host?.toLowerCase() : withZone(ipv6);
  const lower = scheme.toLowerCase();
  if (name === undefined || (lower !== "rtsp" && lower !== "rtsps")) return undefined;
  const number = port === undefined ? DEFAULT_PORTS[lower] : Number(port);
  if (number < 1 || number > 65_535) return undefined;
  return { scheme: lower, login, host: name, port: number, path: asciiPath(path) };
}

/** Letters of other alphabets, and braces, are percent-encoded in requests (RFC 3987, 3.1; RFC 3986, 2). */
function asciiPath(path: string): string {
  return path.toWellFormed().replace(/[^\x21-\x7e]+|[{}]/g, encodeURIComponent);
}

/** Names of network interfaces are case-sensitive. In addresses, RFC 6874 writes the % before them as %25. */
function withZone(ipv6: string): string {
  const [, address = ipv6, zone] = /^([^%]*)%(?:25)?(.+)$/.exec(ipv6) ?? [];
  return zone === undefined ? address.toLowerCase() : `${address.toLowerCase()}%${zone}`;
}

/**
 * The address in ASCII without its login, zone and fragment, for requests: the camera does not know the zone (RFC 6874, 4), a
 * fragment is for the client (RFC 3986, 3.5), and internationalised names have an ASCII form (RFC 5890).
 */
export function requestUri(address: RtspAddress): string {
  const { host } = address;
  const ascii = host.includes(":") ? host.replace(/%.*/, "") : domainToASCII(host) || host;
  return formatRtspAddress({
    ...address,
    login: undefined,
    host: ascii,
    path: address.path.replace(/#.*/s, ""),
  });
}

/** The reverse of `parseRtspAddress`. */
export function formatRtspAddress({ scheme, login, host, port, path }: RtspAddress): string {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return `${scheme}://${login === undefined ? "" : `${login}@`}${authority}${path}`;
}

const MOST_PATH_CHARACTERS = 1000;

/**
 * Resolves a redirect, keeping the login of the original address.
 * @param location the Location header: an absolute address, or an absolute path of the same camera
 * @returns undefined if the redirect leads to another host, port or scheme, or is invalid
 */
export function followRedirect(from: RtspAddress, location: string): RtspAddress | undefined {
  if (location.length > MOST_PATH_CHARACTERS || !/^[\x21-\x7e]+$/.test(location)) return undefined;
  if (/^\/(?!\/)/.test(location)) return { ...from, path: location };
  const to = parseRtspAddress(location);
  const isSame = to?.scheme === from.scheme && to.host === from.host && to.port === from.port;
  return isSame ? { ...from, path: to.path } : undefined;
}
