/** Run on the machine to be tested, with $SABREWING_REFERENCE the folder that make-reference.ts filled on another. */
import { arch } from "node:process";
import { describe, expect, test } from "vitest";
import { askThreeHosts } from "../support/three-hosts.ts";
import { replyCases } from "./cases.ts";
import { modulePath, readReference, sha256, THRESHOLDS } from "./reference.ts";

const { SABREWING_REFERENCE: folder } = process.env;
if (folder === undefined) throw new Error("SABREWING_REFERENCE must name the folder of references");

describe.each(replyCases())(`$name on ${arch}`, ({ name, makeModule, makePictures }) => {
  const reference = readReference(folder, name);

  test("replies in Wasmer, node:wasi and plain WebAssembly what it replied on the other CPU, bit by bit", async () => {
    const requests = reference.pictures.map((picture) => ({
      pixels: new Uint8Array(Buffer.from(picture, "base64")),
      thresholds: THRESHOLDS,
    }));
    // More than a header: something was found, so something is compared.
    expect(reference.replies.some((reply) => reply.length > 32)).toBe(true);
    const replies = await askThreeHosts(modulePath(folder, name), requests);
    for (const host of [replies.wasmer, replies.nodeWasi, replies.v8])
      expect(host.map((reply) => Buffer.from(reply).toString("hex"))).toEqual(reference.replies);
  });

  test("is compiled to the same bytes", async () => {
    expect(sha256(await makeModule())).toBe(reference.sha256);
  });

  test("is shown the same pixels", async () => {
    const pictures = await makePictures();
    expect(pictures.map(sha256)).toEqual(
      reference.pictures.map((picture) => sha256(Buffer.from(picture, "base64"))),
    );
  });
});
