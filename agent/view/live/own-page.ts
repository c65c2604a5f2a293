import type { IncomingHttpHeaders } from "node:http";

/**
 * Whether the `Origin` header names our own page. Browsers open WebSockets wherever a page of any site wants them to, and
 * say whose page it was (RFC 6455, section 10.2).
 */
export function isOwnOrigin({ origin, host }: IncomingHttpHeaders): boolean {
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  // A default port is left out of an origin, but a proxy may add it to the host.
  const standard = protocol === "https:" ? ":443" : ":80";
  return from === host.toLowerCase() || `${from}${standard}` === host.toLowerCase();
}

/**
 * Whether a form was sent by the page of another site. `Sec-Fetch-Site` is right also behind a proxy that changes the
 * host, but browsers send it only over HTTPS and to the loopback (W3C Fetch Metadata). Otherwise `Origin` tells, which
 * browsers send with every POST. A request with neither is not from a browser, so no page made it.
 */
export function isForeignForm(headers: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site !== "same-origin" && site !== "none";
  return headers.origin !== undefined && !isOwnOrigin(headers);
}

/**
 * Whether the page of another site has made a browser ask for this in the background (an image, a script, a frame, a
 * `fetch`), without the person knowing. A link that was followed there is not meant.
 */
export function isForeignSubresource(headers: IncomingHttpHeaders): boolean {
  const { accept = "*/*", origin, referer, host } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) {
    const isOpened = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
    return site !== "same-origin" && site !== "none" && !isOpened;
  }
  // Over plain HTTP in the local network browsers send no more than these.
  if (accept.includes("text/html")) return false;
  if (/^(image|audio|video|font|text\/css)\b/.test(accept)) return true;
  const from = origin ?? referer;
  return from !== undefined && !isOwnOrigin({ origin: from, host });
}
