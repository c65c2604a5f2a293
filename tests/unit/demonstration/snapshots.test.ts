import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Message } from "../../../scripts/demonstration/listener.ts";
import { saveSnapshots } from "../../../scripts/demonstration/snapshots.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "sabrewing-snapshots-"));
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

const snapshot = (content: string) => message("p/door/person/snapshot", content);

test("a snapshot is assigned to its object, before or after the event", () => {
  const path = folder();
  const snapshots = saveSnapshots(path, "p", () => undefined);
  for (const each of [snapshot("of a"), event("new", "a", 5), event("new", "b", 5), snapshot("of b")]) {
    snapshots.add(each);
  }
  expect(readFileSync(join(path, "a-person.jpg"), "utf8")).toBe("of a");
  expect(readFileSync(join(path, "b-person.jpg"), "utf8")).toBe("of b");
});

test("a better snapshot of an object is not assigned to the next object", () => {
  const path = folder();
  const snapshots = saveSnapshots(path, "p", () => undefined);
  for (const each of [
    event("new", "a", 5),
    snapshot("of a"),
    event("update", "a", 4),
    snapshot("better of a"),
    event("update", "a", 5),
    snapshot("of b"),
    event("new", "b", 5),
  ]) {
    snapshots.add(each);
  }
  expect(readdirSync(path)).toHaveLength(2);
  expect(readFileSync(join(path, "b-person.jpg"), "utf8")).toBe("of b");
});

test("an object without a snapshot is reported at the end", () => {
  const said: string[] = [];
  const snapshots = saveSnapshots(folder(), "p", (text) => said.push(text));
  snapshots.add(event("new", "a", 5));
  snapshots.finish();
  expect(said).toEqual(["no snapshot arrived for person a"]);
});
