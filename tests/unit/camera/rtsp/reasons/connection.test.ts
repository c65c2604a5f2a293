import { expect, test } from "vitest";
import { TransientError } from "../../../../../agent/base/errors.ts";
import { parseRtspAddress } from "../../../../../agent/camera/rtsp/address.ts";
import { connectionError } from "../../../../../agent/camera/rtsp/reasons/connection.ts";

function unresolved(address: string): string {
  const network = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
  const error = connectionError("door", network, "open", parseRtspAddress(address));
  if (!(error instanceof TransientError)) throw error;
  return error.remedy;
}

test("a name that cannot be resolved and an unusual port may be user and password", () => {
  expect(unresolved("rtsp://admin:1234/x")).toBe(
    "Check the name in the address. If `admin` is the user and 1234 the password, the host is missing: rtsp://USER:PASSWORD@HOST/PATH.",
  );
});

test.each(["rtsp://door/x", "rtsp://door:8554/x", "rtsp://door.lan:1234/x", "rtsp://me:pw@door:1234/x"])(
  "%s has a host",
  (address) => {
    expect(unresolved(address)).toBe("Check the name in the address and this machine's DNS.");
  },
);
