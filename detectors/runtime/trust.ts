import { createHash, createPublicKey, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ModuleTrust } from "../contract.ts";
import { ModelError } from "../errors.ts";

/** Bytes of an Ed25519 signature (RFC 8032, section 5.1.6). */
const SIGNATURE_BYTES = 64;

/** A module may be used that has this hash, and that the owner of this key has signed. */
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
    `This is not the module that model.sha256 pins: expected ${expected.toLowerCase()}, received ${received}.`,
    "Put the right file back; if you replaced it yourself, write the new hash into model.sha256.",
  );
}

/** @param publicKey base64 of the key's DER (SubjectPublicKeyInfo): the middle line of its PEM file. */
async function requireSignature(path: string, bytes: Uint8Array, publicKey: string): Promise<void> {
  const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
  const signature = await readSignature(path);
  if (signature.length === SIGNATURE_BYTES && verify(null, bytes, key, signature)) return;
  throw new ModelError(
    `The signature ${path} is not of this module by the owner of model.public_key.`,
    `Do not run it. If it is yours, sign it again: openssl pkeyutl -sign -rawin -inkey KEY.pem -in MODULE -out ${path}`,
  );
}

async function readSignature(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    throw new ModelError(
      `The configuration asks for a signature (model.public_key), and ${path} cannot be read (${code}).`,
      "Put the signature that came with the module beside it.",
      { cause },
    );
  }
}
