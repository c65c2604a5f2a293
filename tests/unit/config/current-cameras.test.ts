import { expect, test } from "vitest";
import { currentCameras } from "../../../agent/config/current-cameras.ts";
import { door } from "../../support/agent/small-config.ts";

const YARD = { ...door("enabled: false"), name: "yard" };

test("cameras that are disabled are not watched, also after their settings were replaced", () => {
  const cameras = currentCameras([door(), YARD]);
  expect(cameras.all().map(({ name }) => name)).toEqual(["door"]);
  cameras.replace([door("detect: {fps: 3}"), YARD]);
  expect(cameras.all().map(({ name, detect }) => [name, detect.fps])).toEqual([["door", 3]]);
  expect(() => cameras.of("yard")).toThrow("expected one of the watched cameras, received yard");
});
