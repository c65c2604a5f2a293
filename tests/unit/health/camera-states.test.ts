import { expect, test } from "vitest";
import { tellCameraStates } from "../../../agent/health/camera-states.ts";

function start() {
  const told: string[] = [];
  const states = tellCameraStates("sabrewing", [{ name: "door" }, { name: "yard" }], (message) => {
    expect(message).toMatchObject({ retain: true, qos: 1 });
    told.push(`${message.topic.split("/")[1]} ${message.payload}`);
  });
  return { states, news: () => told.splice(0) };
}

test("cameras are off line until their pictures come", () => {
  const { states, news } = start();
  expect(news()).toEqual(["door offline", "yard offline"]);
  states.cameraBecame("door", "online");
  states.cameraBecame("door", "online");
  states.cameraBecame("yard", "offline");
  expect(news()).toEqual(["door online"]);
});

test("a detector that keeps failing leaves cameras with motion only, and their pictures still come and go", () => {
  const { states, news } = start();
  states.cameraBecame("door", "online");
  news();
  states.detectorBecame("failing");
  expect(news()).toEqual(["door motion_only"]);
  states.cameraBecame("yard", "online");
  states.cameraBecame("door", "offline");
  expect(news()).toEqual(["yard motion_only", "door offline"]);
  states.detectorBecame("working");
  states.detectorBecame("working");
  expect(news()).toEqual(["yard online"]);
});
