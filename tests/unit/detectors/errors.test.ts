import { expect, test } from "vitest";
import { DownloadError } from "../../../detectors/catalog/fetching.ts";
import { DetectorFault, ModelError } from "../../../detectors/errors.ts";

const hostile = "a\u001b]0;pwn\u0007b\u202ec\nd";

test("makes one line of plain text of a ModelError, plus its list and a plain remedy", () => {
  const { message, remedy } = new ModelError(hostile, hostile, { list: [hostile, "e"] });
  expect(message).toBe("a�]0;pwn�b�c�d\n  a�]0;pwn�b�c�d\n  e");
  expect(remedy).toBe("a�]0;pwn�b�c�d");
});

test("keeps remedy, list and cause of a ModelError when the path is added", () => {
  const error = new ModelError("bad", "Mend it.", { list: ["x"] });
  const named = error.of("/m.onnx").of("outer");
  expect([named.message, named.remedy]).toEqual(["outer: /m.onnx: bad\n  x", "Mend it."]);
  expect(error.of("/m.onnx").cause).toBe(error);
});

test("limits the length of errors that quote a file", () => {
  const huge = "x".repeat(30_000_000);
  expect(new ModelError(huge, huge).of(huge).message.length).toBeLessThanOrEqual(20_001);
  expect(new ModelError(huge, huge).remedy.length).toBeLessThanOrEqual(20_001);
  expect(new ModelError("a", "b", { list: Array(100_000).fill(huge) }).message.length).toBeLessThan(20_010);
  expect(new DetectorFault("exit", huge).message.length).toBeLessThanOrEqual(2_000);
  expect(new DownloadError(huge, "").message.length).toBeLessThanOrEqual(2_000);
});

test("makes one line of plain text of a DetectorFault and of a DownloadError", () => {
  expect(new DetectorFault("exit", hostile).message).toBe("a�]0;pwn�b�c�d");
  expect(new DownloadError(hostile, "").message).toBe("a�]0;pwn�b�c�d");
});
