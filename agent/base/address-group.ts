import { isIPv4 } from "node:net";

const GROUPS = 8;
/** The first 64 bits identify the network of one customer, who chooses the other bits (RFC 6177). */
const NETWORK_GROUPS = 4;

/**
 * The unit of limits per address: an IPv4 address, or the /64 network of an IPv6 address, since one machine can use any
 * number of addresses in its network.
 * @param address the remote address of a socket, without brackets
 */
export function addressGroup(address: string): string {
  const mapped = address.replace(/^::ffff:(?=[\d.]+$)/i, "");
  if (isIPv4(mapped)) return mapped;
  const [head = "", tail] = address.toLowerCase().replace(/%.*/, "").split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = new Array<string>(Math.max(0, GROUPS - first.length - last.length)).fill("0");
  return `${[...first, ...zeros, ...last].slice(0, NETWORK_GROUPS).join(":")}::/64`;
}
