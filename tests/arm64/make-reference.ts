/** node tests/arm64/make-reference.ts FOLDER: writes this machine's modules and replies for the test on another machine. */
import { mkdirSync, writeFileSync } from "node:fs";
import { frameRequest, runInThreeHosts } from "../support/detectors/three-hosts.ts";
import { replyCases } from "./cases.ts";
import { modulePath, sha256, THRESHOLDS, writeReference } from "./reference.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("expected a folder to write to");
mkdirSync(folder, { recursive: true });
for (const { name, makeModule, makeImages } of replyCases()) {
  const path = modulePath(folder, name);
  const bytes = await makeModule();
  writeFileSync(path, bytes);
  const images = await makeImages();
  const requests = images.map((pixels) => frameRequest(pixels, THRESHOLDS));
  const { v8 } = await runInThreeHosts(path, requests);
  writeReference(folder, name, {
    sha256: sha256(bytes),
    images: images.map((pixels) => Buffer.from(pixels).toString("base64")),
    replies: v8.map((reply) => Buffer.from(reply).toString("hex")),
  });
  console.log(`${name}: ${v8.map(({ length }) => length).join(", ")} bytes replied`);
}
