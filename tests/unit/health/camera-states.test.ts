import { expect, test } from "vitest";
import { publishCameraStates } from "../../../agent/health/camera-states.ts";

function start() {
  const told: string[] = [];
  const states = publishCameraStates("sabrewing", [{ name: "door" }, { name: "yard" }], (message) => {
    expect(message).toMatchObject({ retain: true, qos: 1 });
    told.push(`${message.topic.split("/")[1]} ${message.payload}`);
  });
  return { states, news: () => told.splice(0) };
}

test("cameras are off line until their pictures come", () => {
  const { states, news } = start();
  expect(news()).toEqual(["door offline", "yard offline"]);
  states.setCameraStatus("door", "online");
  states.setCameraStatus("door", "online");
  states.setCameraStatus("yard", "offline");
  expect(news()).toEqual(["door online"]);
});

test("a detector that keeps failing leaves cameras with motion only, and their pictures still come and go", () => {
  const { states, news } = start();
  states.setCameraStatus("door", "online");
  news();
  states.setDetectorState("failing");
  expect(news()).toEqual(["door motion_only"]);
  states.setCameraStatus("yard", "online");
  states.setCameraStatus("door", "offline");
  expect(news()).toEqual(["yard motion_only", "door offline"]);
  states.setDetectorState("working");
  states.setDetectorState("working");
  expect(news()).toEqual(["yard online"]);
});
