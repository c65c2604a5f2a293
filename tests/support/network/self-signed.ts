import { execFileSync } from "node:child_process";

/** A new self-signed certificate of a camera. */
export function selfSigned() {
  const options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=camera"];
  const pem = execFileSync("openssl", ["req", "-x509", ...options, "-keyout", "-", "-out", "-"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return { key: pem, cert: pem };
}
