import type { IncomingHttpHeaders } from "node:http";

/**
 * Whether the `Origin` header names our own page. A page of any site can open a WebSocket to any server; the browser states
 * the origin of that page (RFC 6455, section 10.2).
 */
export function isOwnOrigin({ origin, host }: IncomingHttpHeaders): boolean {
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  // An origin omits a default port, but a proxy may add it to the host.
  const standard = protocol === "https:" ? ":443" : ":80";
  return from === host.toLowerCase() || `${from}${standard}` === host.toLowerCase();
}

/**
 * Whether the page of another site sent a form. `Sec-Fetch-Site` is correct even behind a proxy that changes the host, but
 * browsers send it only over HTTPS and to the loopback (W3C Fetch Metadata). Otherwise this checks `Origin`, which browsers
 * send with every POST. A request with neither does not come from a browser, so no page caused it.
 */
export function isForeignForm(headers: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  return headers.origin !== undefined && !isOwnOrigin(headers);
}

/**
 * Whether the page of another site caused this request in the background (an image, a script, a frame, a `fetch`), without
 * the user knowing. A link that the user followed does not count.
 */
export function isForeignSubresource(headers: IncomingHttpHeaders): boolean {
  const { accept = "*/*", origin, referer, host } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) {
    const isOpened = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
    return site !== "same-origin" && site !== "none" && !isOpened;
  }
  // Over plain HTTP in the local network, browsers send only these headers.
  if (accept.includes("text/html")) return false;
  if (/^(image|audio|video|font|text\/css)\b/.test(accept)) return true;
  const from = origin ?? referer;
  return from !== undefined && !isOwnOrigin({ origin: from, host });
}
