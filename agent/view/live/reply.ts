import type { PageFile } from "./page-files.ts";

/** An answer to an HTTP request. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export function textReply(status: number, text: string, headers: Reply["headers"] = {}): Reply {
  return { status, headers: { "Content-Type": "text/plain; charset=utf-8", ...headers }, body: `${text}\n` };
}

/** A value as JSON. */
export function jsonReply(value: unknown, status = 200): Reply {
  return {
    status,
    headers: { "Content-Type": "application/json; charset=utf-8" },
    body: JSON.stringify(value),
  };
}

/** Redirects, with an optional `Set-Cookie` header. The browser does not repeat a POST (RFC 9110, section 15.4.4). */
export function redirectReply(location: string, cookie?: string): Reply {
  return {
    status: 303,
    headers: { Location: location, ...(cookie === undefined ? {} : { "Set-Cookie": cookie }) },
  };
}

/** A JPEG, or the status `otherwise` if it is undefined. */
export function jpegReply(
  jpeg: Uint8Array | undefined,
  otherwise: number,
  headers: Reply["headers"] = {},
): Reply {
  if (jpeg === undefined) return textReply(otherwise, "No image.");
  return { status: 200, headers: { "Content-Type": "image/jpeg", ...headers }, body: jpeg };
}

/**
 * A file of the page. Browsers cache it but revalidate it each time, so that an upgrade replaces the whole page at once.
 * @param known the `If-None-Match` header
 */
export function fileReply(file: PageFile | undefined, known?: string): Reply {
  if (file === undefined) return textReply(404, "Not found.");
  const headers = { "Content-Type": file.type, ETag: file.etag, "Cache-Control": "private, no-cache" };
  return known === file.etag ? { status: 304, headers } : { status: 200, headers, body: file.body };
}
