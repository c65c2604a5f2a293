import { isIPv4, isIPv6 } from "node:net";

/** Why a text cannot be the host of a camera or a broker. */
export interface HostMistake {
  /** Continues "expected …". */
  readonly expected: string;
  readonly remedy: string;
}

const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;
/** A name whose last label is a number is an IPv4 address, since no top-level domain is one (RFC 3986, 3.2.2). */
const NUMERIC_END = /(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$/i;
const LEADING_ZERO = /(?:^|\.)0\d/;

const UNICAST: HostMistake = {
  expected: "the address of one device, not of a multicast or broadcast group",
  remedy: "write the IP address of the device, which its web page or your router shows",
};
const NOT_THIS: HostMistake = {
  expected: "an address to which a connection can be made",
  remedy: "write 127.0.0.1 for this machine, or the address of the device",
};

/**
 * Finds the mistake in a host name or address that a resolver would misread or that no connection can be made to.
 * @param host without brackets; an IPv6 address may have a zone: `fe80::1%eth0`.
 */
export function hostMistake(host: string): HostMistake | undefined {
  if (host.includes(":")) return ipv6Mistake(host);
  if (NUMERIC_END.test(host)) return ipv4Mistake(host);
  const labels = host.replace(/\.$/, "").split(".");
  const isName =
    host.length <= LONGEST_NAME && labels.every(({ length }) => length > 0 && length <= LONGEST_LABEL);
  if (isName) return undefined;
  return {
    expected: `a host name whose parts between the dots have 1 to ${LONGEST_LABEL} characters`,
    remedy: "write the name or the IP address of the device",
  };
}

function ipv4Mistake(host: string): HostMistake | undefined {
  if (LEADING_ZERO.test(host)) {
    return {
      expected: "an IPv4 address without leading zeros, which can mean octal numbers",
      remedy: "write 10.0.0.1 for 010.000.000.001",
    };
  }
  if (!isIPv4(host)) {
    return {
      expected: "an IPv4 address of four numbers from 0 to 255",
      remedy: "write all four of them: 10.0.0.1",
    };
  }
  const first = Number.parseInt(host, 10);
  if (first === 0) return NOT_THIS;
  const isReserved = first >= 240;
  return first >= 224 && (!isReserved || host === "255.255.255.255") ? UNICAST : undefined;
}

function ipv6Mistake(host: string): HostMistake | undefined {
  const [address = "", zone] = host.split("%");
  if (!isIPv6(address)) {
    return {
      expected: "a valid IPv6 address",
      remedy: "write it as fd00::7, with :: at most once",
    };
  }
  // ff00::/8, fe80::/10 (RFC 4291, 2.4)
  if (/^ff/i.test(address)) return UNICAST;
  if (/^[0:]+$/.test(address)) return NOT_THIS;
  if (/^fe[89ab]/i.test(address) && zone === undefined) {
    return {
      expected: "a link-local IPv6 address with the name of the network interface",
      remedy: "write it as fe80::1%eth0",
    };
  }
  return undefined;
}
