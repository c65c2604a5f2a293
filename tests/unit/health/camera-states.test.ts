import { expect, test } from "vitest";
import { publishCameraStates } from "../../../agent/health/camera-states.ts";

function start() {
  const published: string[] = [];
  const states = publishCameraStates("sabrewing", [{ name: "door" }, { name: "yard" }], (message) => {
    expect(message).toMatchObject({ retain: true, qos: 1 });
    published.push(`${message.topic.split("/")[1]} ${message.payload}`);
  });
  return { states, takePublished: () => published.splice(0) };
}

test("cameras are offline until they deliver frames", () => {
  const { states, takePublished } = start();
  expect(takePublished()).toEqual(["door offline", "yard offline"]);
  states.setCameraStatus("door", "online");
  states.setCameraStatus("door", "online");
  states.setCameraStatus("yard", "offline");
  expect(takePublished()).toEqual(["door online"]);
});

test("a failing detector leaves online cameras with motion only", () => {
  const { states, takePublished } = start();
  states.setCameraStatus("door", "online");
  takePublished();
  states.setDetectorState("failing");
  expect(takePublished()).toEqual(["door motion_only"]);
  states.setCameraStatus("yard", "online");
  states.setCameraStatus("door", "offline");
  expect(takePublished()).toEqual(["yard motion_only", "door offline"]);
  states.setDetectorState("working");
  states.setDetectorState("working");
  expect(takePublished()).toEqual(["yard online"]);
});
