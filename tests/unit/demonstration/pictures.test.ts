import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Message } from "../../../scripts/demonstration/listener.ts";
import { savePictures } from "../../../scripts/demonstration/pictures.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "sabrewing-pictures-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

function message(topic: string, payload: string): Message {
  return { time: 0, topic, payload: Buffer.from(payload), retained: false };
}

function event(type: string, id: string, bestFrame: number): Message {
  const after = { id, camera: "door", label: "person", frame_time: 5, snapshot: { frame_time: bestFrame } };
  return message("p/events", JSON.stringify({ type, after }));
}

const picture = (content: string) => message("p/door/person/snapshot", content);

test("a picture goes to its object whether it comes before the event or after it", () => {
  const path = folder();
  const pictures = savePictures(path, "p", () => undefined);
  for (const each of [picture("of a"), event("new", "a", 5), event("new", "b", 5), picture("of b")]) {
    pictures.add(each);
  }
  expect(readFileSync(join(path, "a-person.jpg"), "utf8")).toBe("of a");
  expect(readFileSync(join(path, "b-person.jpg"), "utf8")).toBe("of b");
});

test("a better picture of an old object is not taken for the first of the next", () => {
  const path = folder();
  const pictures = savePictures(path, "p", () => undefined);
  for (const each of [
    event("new", "a", 5),
    picture("of a"),
    event("update", "a", 4),
    picture("better of a"),
    event("update", "a", 5),
    picture("of b"),
    event("new", "b", 5),
  ]) {
    pictures.add(each);
  }
  expect(readdirSync(path)).toHaveLength(2);
  expect(readFileSync(join(path, "b-person.jpg"), "utf8")).toBe("of b");
});

test("an object whose picture never came is named at the end", () => {
  const said: string[] = [];
  const pictures = savePictures(folder(), "p", (text) => said.push(text));
  pictures.add(event("new", "a", 5));
  pictures.finish();
  expect(said).toEqual(["no picture came of person a"]);
});
