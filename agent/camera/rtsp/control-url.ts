import { parseRtspAddress, type RtspAddress, requestUri } from "./address.ts";
import { RtspProtocolError } from "./protocol-errors.ts";

const LONGEST_CONTROL = 1000;

/**
 * The base of a stream's control URLs (RFC 2326, C.1.1), at the camera's own address.
 * @param stated the Content-Base or Content-Location header of the description
 */
export function controlBase(camera: RtspAddress, stated = ""): string {
  const own = requestUri(camera);
  if (stated.length > LONGEST_CONTROL) return own;
  return stated.startsWith("/")
    ? requestUri({ ...camera, path: encoded(stated) })
    : resolveControl(camera, own, stated);
}

/**
 * Resolves a control URL (RFC 2326, C.1.1). Like live555, GStreamer and ffmpeg it appends a relative URL to the base, even
 * after a query: servers expect this rather than RFC 1808. A URL at another host is taken as a path of this camera, since
 * cameras behind an address translator state an address that only they know.
 * @param control as the camera states it; undefined or `*`: the base
 * @throws RtspProtocolError if it is too long
 */
export function resolveControl(camera: RtspAddress, base: string, control: string | undefined): string {
  if (control === undefined || control === "" || control === "*") return base;
  if (control.length > LONGEST_CONTROL) {
    throw new RtspProtocolError(`the camera states a control URL of more than ${LONGEST_CONTROL} characters`);
  }
  const text = encoded(control);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return requestUri({ ...camera, path: pathOf(text) });
  if (text.startsWith("/")) {
    const path = parseRtspAddress(base)?.path ?? "";
    // An absolute path, unless it continues the base: `/track1`.
    if (path.length > 1 && text.startsWith(path.replace(/\/$/, "")))
      return requestUri({ ...camera, path: text });
  }
  const hasSlash = base.endsWith("/") || text.startsWith("/") || text.startsWith("?");
  return base.endsWith("/") && text.startsWith("/")
    ? base + text.slice(1)
    : `${base}${hasSlash ? "" : "/"}${text}`;
}

function encoded(text: string): string {
  return text.toWellFormed().replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent);
}

/** Everything after the authority. */
function pathOf(url: string): string {
  return url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
}
