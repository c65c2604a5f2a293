/**
 * Of the style sheet that JSMpeg's package puts into the page when it is loaded (for buttons that we do not use). Allowed
 * by its hash, nothing else can slip in with it; a test computes it from the package.
 */
export const JSMPEG_STYLE_HASH = "sha256-lRyplcblLyRa4o+ZUBNzXETDGwKXzgKgrWbiYOwfTLg=";
/** Of no text at all, which is what that sheet holds when it is put there. */
const EMPTY_HASH = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

/** Only what this server itself delivers; JSMpeg's decoder is WebAssembly. */
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

/** Sent with every answer (OWASP Secure Headers Project). Pictures of people are kept in no cache. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
  // With `no-referrer` the page's own forms would come with `Origin: null`, as those of foreign pages can.
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Cache-Control": "no-store",
};
