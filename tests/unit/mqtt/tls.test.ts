import { expect, test } from "vitest";
import { explainTls } from "../../../agent/mqtt/tls.ts";

test("quotes a broker's certificate clean and short", () => {
  const altnames = `DNS:\u001b]0;pwn\u0007\u009b31m\u202e\n✓ fake${"A".repeat(100_000)}`;
  const error = Object.assign(new Error(`Hostname/IP does not match: ${altnames}`), {
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
  const message = explainTls(error, "broker:8883")?.message ?? "";
  expect(message).toContain(
    "its certificate is for another host name (Hostname/IP does not match: DNS:�]0;pwn�31m�✓ fakeA",
  );
  expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(message.length).toBeLessThan(400);
});
