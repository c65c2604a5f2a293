/**
 * Hash of the style sheet that JSMpeg's package adds to the page (for buttons that we do not use). The hash allows only this
 * style sheet; a test computes it from the package.
 */
export const JSMPEG_STYLE_HASH = "sha256-lRyplcblLyRa4o+ZUBNzXETDGwKXzgKgrWbiYOwfTLg=";
/** Hash of an empty text: the style sheet is empty when it is added. */
const EMPTY_HASH = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

/** Allows only content from this server. JSMpeg's decoder is WebAssembly. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  `style-src 'self' '${EMPTY_HASH}' '${JSMPEG_STYLE_HASH}'`,
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** Sent with every answer (OWASP Secure Headers Project). Images may show people, so they must not be cached. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
  // With `no-referrer`, the page's own forms would have `Origin: null`, as forms of foreign pages may have.
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Cache-Control": "no-store",
};
