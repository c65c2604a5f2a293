import { createHash, createPublicKey, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ModuleTrust } from "../contract.ts";
import { ModelError } from "../errors.ts";

/** Bytes of an Ed25519 signature (RFC 8032, section 5.1.6). */
const SIGNATURE_BYTES = 64;

/** Checks the hash and the signature of a module, if they are given. @throws ModelError when one does not match. */
export async function requireTrust(
  path: string,
  bytes: Uint8Array,
  { sha256, publicKey }: ModuleTrust,
): Promise<void> {
  if (sha256 !== undefined) requireHash(bytes, sha256);
  if (publicKey !== undefined) await requireSignature(`${path}.sig`, bytes, publicKey);
}

function requireHash(bytes: Uint8Array, expected: string): void {
  const received = createHash("sha256").update(bytes).digest("hex");
  if (received === expected.toLowerCase()) return;
  throw new ModelError(
    `The file is not the module that model.sha256 pins: expected ${expected.toLowerCase()}, received ${received}.`,
    "Restore the pinned file. If you replaced it yourself, set model.sha256 to the new hash.",
  );
}

/** @param publicKey base64 of the key's DER (SubjectPublicKeyInfo): the middle line of its PEM file. */
async function requireSignature(path: string, bytes: Uint8Array, publicKey: string): Promise<void> {
  const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
  const signature = await readSignature(path);
  if (signature.length === SIGNATURE_BYTES && verify(null, bytes, key, signature)) return;
  throw new ModelError(
    `${path} is not a signature of this module by the key model.public_key.`,
    `Do not run the module. If it is yours, sign it again: openssl pkeyutl -sign -rawin -inkey KEY.pem -in MODULE -out ${path}`,
  );
}

async function readSignature(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    throw new ModelError(
      `The configuration requires a signature (model.public_key), but ${path} cannot be read (${code}).`,
      "Put the signature file of the module beside it.",
      { cause },
    );
  }
}
