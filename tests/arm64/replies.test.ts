/** Runs on the machine under test. $SABREWING_REFERENCE is the folder that make-reference.ts wrote on another machine. */
import { arch } from "node:process";
import { describe, expect, test } from "vitest";
import { frameRequest, runInThreeHosts } from "../support/detectors/three-hosts.ts";
import { replyCases } from "./cases.ts";
import { modulePath, readReference, sha256, THRESHOLDS } from "./reference.ts";

const { SABREWING_REFERENCE: folder } = process.env;
if (folder === undefined) throw new Error("SABREWING_REFERENCE must name the folder of references");

const cases = replyCases().map((one) => ({ ...one, reference: readReference(folder, one.name) }));

describe(`on ${arch}, as on the other CPU,`, () => {
  test.each(cases)("$name gives bit-identical replies in all three hosts", async ({ name, reference }) => {
    const requests = reference.images.map((image) =>
      frameRequest(new Uint8Array(Buffer.from(image, "base64")), THRESHOLDS),
    );
    // A reply longer than its header has detections to compare.
    expect(reference.replies.some((reply) => reply.length > 32)).toBe(true);
    const { wasmer, nodeWasi, v8 } = await runInThreeHosts(modulePath(folder, name), requests);
    for (const host of [wasmer, nodeWasi, v8])
      expect(host.map((reply) => Buffer.from(reply).toString("hex"))).toEqual(reference.replies);
  });

  test.each(cases)("$name gets the same pixels", async ({ makeImages, reference }) => {
    const images = await makeImages();
    expect(images.map(sha256)).toEqual(reference.images.map((image) => sha256(Buffer.from(image, "base64"))));
  });

  test.each(cases)("$name is compiled to the same bytes", async ({ makeModule, reference }) => {
    expect(sha256(await makeModule())).toBe(reference.sha256);
  });
});
