import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/** A host name (RFC 1123), with the underscore that names of containers have. */
export const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/**
 * Checks which host requests are addressed to. A page of a foreign site can let the name of that site resolve to this
 * machine (DNS rebinding) and then read all that we answer its own host name, but it cannot do so with an IP address or
 * with a name of ours.
 * @param names host names that we answer to, besides IP addresses, `localhost` and this machine's name
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
 * What to do about a request that is addressed to another host, for the answer (421 Misdirected Request; RFC 9110, section
 * 15.5.20) and for the log.
 * @param key of the configuration that holds further names
 */
export function remedyForHost(request: IncomingMessage, key: string): string {
  const host = addressedHosts(request).find((name) => name !== undefined && HOST_NAME.test(name));
  const name = host === undefined ? "its host name" : `"${host}"`;
  return `Use an IP address of this machine instead of a host name, or add ${name} to ${key} in sabrewing.yml.`;
}

/** Usually one; undefined stands for a host that is missing, repeated or no host at all. */
function addressedHosts(request: IncomingMessage): readonly (string | undefined)[] {
  const [host, ...others] = request.headersDistinct.host ?? [];
  const named = others.length > 0 ? undefined : hostIn(host);
  const target = request.url ?? "/";
  if (target.startsWith("/") || target === "*") return [named];
  // The absolute form, which is for proxies, counts more than the header (RFC 9112, section 3.2.2).
  return [named, URL.canParse(target) ? hostIn(new URL(target).host) : undefined];
}

/** The host out of `host:port`, without the brackets around an IPv6 address. */
function hostIn(header = ""): string | undefined {
  const [, ipv6, name] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d*)?$/i.exec(header) ?? [];
  if (ipv6 !== undefined) return isIP(ipv6) === 6 ? ipv6 : undefined;
  return name === undefined ? undefined : normalised(name);
}

/** Names are the same in upper and lower case, and with the dot of the root at their end (RFC 1034, section 3.1). */
function normalised(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
