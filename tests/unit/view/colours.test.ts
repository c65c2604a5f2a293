import { expect, test } from "vitest";
import { colourOf, textColourOn } from "../../../agent/view/colours.ts";

test("text is black on light colours and white on dark ones", () => {
  expect(textColourOn("#ffd400")).toBe("#000000");
  expect(textColourOn("#102060")).toBe("#ffffff");
});

test("a name always has the same colour", () => {
  expect(colourOf("dog")).toBe(colourOf("dog"));
  expect(colourOf("dog")).toMatch(/^#[0-9a-f]{6}$/);
});
