/** Run on the machine to be tested, with $SABREWING_REFERENCE the folder that make-reference.ts filled on another. */
import { arch } from "node:process";
import { describe, expect, test } from "vitest";
import { runInThreeHosts } from "../support/three-hosts.ts";
import { replyCases } from "./cases.ts";
import { modulePath, readReference, sha256, THRESHOLDS } from "./reference.ts";

const { SABREWING_REFERENCE: folder } = process.env;
if (folder === undefined) throw new Error("SABREWING_REFERENCE must name the folder of references");

const cases = replyCases().map((one) => ({ ...one, reference: readReference(folder, one.name) }));

describe(`as on the other CPU, on ${arch}`, () => {
  test.each(cases)("$name replies in all three hosts, bit by bit", async ({ name, reference }) => {
    const requests = reference.pictures.map((picture) => ({
      pixels: new Uint8Array(Buffer.from(picture, "base64")),
      thresholds: THRESHOLDS,
    }));
    // More than a header: something was found, so something is compared.
    expect(reference.replies.some((reply) => reply.length > 32)).toBe(true);
    const { wasmer, nodeWasi, v8 } = await runInThreeHosts(modulePath(folder, name), requests);
    for (const host of [wasmer, nodeWasi, v8])
      expect(host.map((reply) => Buffer.from(reply).toString("hex"))).toEqual(reference.replies);
  });

  test.each(cases)("$name is shown the same pixels", async ({ makePictures, reference }) => {
    const pictures = await makePictures();
    expect(pictures.map(sha256)).toEqual(
      reference.pictures.map((picture) => sha256(Buffer.from(picture, "base64"))),
    );
  });

  test.each(cases)("$name is compiled to the same bytes", async ({ makeModule, reference }) => {
    expect(sha256(await makeModule())).toBe(reference.sha256);
  });
});
