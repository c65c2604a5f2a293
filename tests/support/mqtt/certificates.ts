import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Paths of a certificate and its private key, PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
const DAYS = 2;

/** Makes a certificate authority in a folder, for this test run only. */
export function makeAuthority(folder: string, name: string): Certificate {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  openssl(
    "req",
    "-x509",
    ...KEY,
    "-keyout",
    key,
    "-out",
    cert,
    "-subj",
    `/CN=${name}`,
    "-days",
    String(DAYS),
  );
  return { cert, key };
}

/**
 * Makes a certificate that the authority signs.
 * @param names subject alternative names: `DNS:broker.local`, `IP:127.0.0.1`. The first is the file's name.
 * @param days until it expires; negative: it has expired.
 */
export function issue(
  folder: string,
  authority: Certificate,
  names: readonly string[],
  days = DAYS,
): Certificate {
  const base = join(folder, `${names[0]?.replace(/\W/g, "-")}-${days}`);
  const [cert, key, request] = [`${base}.pem`, `${base}.key`, `${base}.csr`];
  const subject = ["-subj", "/CN=sabrewing", "-addext", `subjectAltName=${names.join(",")}`];
  openssl("req", "-new", ...KEY, "-keyout", key, "-out", request, ...subject);
  openssl(
    ...["x509", "-req", "-in", request, "-CA", authority.cert, "-CAkey", authority.key, "-CAcreateserial"],
    ...["-copy_extensions", "copy", "-days", String(days), "-out", cert],
  );
  return { cert, key };
}

function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}
