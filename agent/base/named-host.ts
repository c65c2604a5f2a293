import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/** A host name (RFC 1123); underscores are allowed, since container names contain them. */
export const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/**
 * Checks to which host a request is addressed. A foreign website can let its own host name resolve to this machine (DNS
 * rebinding) and then read all answers to requests for that name. It cannot do so with an IP address or a name of this
 * machine.
 * @param names accepted host names besides IP addresses, `localhost` and this machine's name
 * @param machine this machine's name, with or without its domain
 */
export function answersTo(names: readonly string[], machine: string): (request: IncomingMessage) => boolean {
  const short = machine.split(".")[0] ?? "";
  const own = ["localhost", ...(short === "" ? [] : [machine, short, `${short}.local`]), ...names];
  const known: ReadonlySet<string> = new Set(own.map(normalised));
  return (request) =>
    addressedHosts(request).every((host) => host !== undefined && (isIP(host) !== 0 || known.has(host)));
}

/**
 * The remedy for a request that is addressed to another host, for the answer (421 Misdirected Request; RFC 9110, section
 * 15.5.20) and for the log.
 * @param key the configuration key for further names
 */
export function remedyForHost(request: IncomingMessage, key: string): string {
  const host = addressedHosts(request).find((name) => name !== undefined && HOST_NAME.test(name));
  const name = host === undefined ? "its host name" : `"${host}"`;
  return `Use an IP address of this machine instead of a host name, or add ${name} to ${key} in sabrewing.yml.`;
}

/** The hosts that a request is addressed to, usually one; undefined if a host is missing, repeated or invalid. */
function addressedHosts(request: IncomingMessage): readonly (string | undefined)[] {
  const [host, ...others] = request.headersDistinct.host ?? [];
  const named = others.length > 0 ? undefined : hostIn(host);
  const target = request.url ?? "/";
  if (target.startsWith("/") || target === "*") return [named];
  // The absolute form, which proxies use, takes precedence over the header (RFC 9112, section 3.2.2).
  return [named, URL.canParse(target) ? hostIn(new URL(target).host) : undefined];
}

/** The host in `host:port`, without the brackets of an IPv6 address. */
function hostIn(header = ""): string | undefined {
  const [, ipv6, name] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d*)?$/i.exec(header) ?? [];
  if (ipv6 !== undefined) return isIP(ipv6) === 6 ? ipv6 : undefined;
  return name === undefined ? undefined : normalised(name);
}

/** Names are case-insensitive, and the trailing dot of the root is optional (RFC 1034, section 3.1). */
function normalised(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
