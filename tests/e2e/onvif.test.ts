import { createSocket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { TransientError } from "../../agent/base/errors.ts";
import { findOnvifCameras, onvifStreams, readAnswer, streamAt } from "../../agent/camera/onvif.ts";
import { onvifCameras } from "../../agent/commands/init/questions.ts";
import { soap, startOnvifCamera } from "../support/camera/onvif-camera.ts";

test("a camera lists its streams after a login, and the password is never sent in clear text", async () => {
  await using server = await startOnvifCamera();
  const camera = { id: "urn:1", name: "Door", service: `${server.url}/onvif/device_service` };
  expect(await onvifStreams(camera, { user: "admin", password: "s3cret@" })).toEqual([
    "rtsp://admin:s3cret%40@127.0.0.1:554/main",
    "rtsp://admin:s3cret%40@127.0.0.1:554/sub",
  ]);
  const refused = onvifStreams(camera, { user: "guest", password: "s3cret" });
  await expect(refused).rejects.toThrow(TransientError);
  await expect(refused).rejects.toThrow(/Door: no streams by ONVIF/);
});

test("the search fails if a camera gives invalid answers", async () => {
  await using server = await startOnvifCamera({ configuration: "" });
  const camera = { id: "urn:1", name: "Door", service: `${server.url}/onvif/device_service` };
  const asked = onvifStreams(camera, { user: "admin", password: "x" }, 500);
  await expect(asked).rejects.toThrow(/no valid answer/);
});

describe("an answer to the search", () => {
  const match = {
    endpointReference: { address: "urn:uuid:1" },
    XAddrs: "http://10.0.0.7/onvif/device_service http://[fe80::1]/onvif/device_service",
    scopes: "onvif://www.onvif.org/type/video onvif://www.onvif.org/name/Front%20Door_1",
  };
  const device = (probeMatch: object) => ({ answer: { probeMatches: { probeMatch } }, from: "10.0.0.7" });
  test("contains a camera's name and the address of its service", () => {
    expect(readAnswer(device(match))).toEqual([
      { id: "urn:uuid:1", name: "Front Door 1", service: "http://10.0.0.7/onvif/device_service" },
    ]);
    expect(readAnswer(device({ ...match, scopes: undefined }))).toMatchObject([{ name: "10.0.0.7" }]);
  });
  test.each([
    undefined,
    "x",
    {},
    { probeMatches: "" },
    { probeMatches: { probeMatch: { ...match, XAddrs: "ftp://x" } } },
  ])("is ignored if it is invalid: %j", (answer) => {
    expect(readAnswer({ answer, from: "10.0.0.7" })).toEqual([]);
  });
  test("is ignored if it points to another host than its sender: the login would be sent there", () => {
    expect(readAnswer({ ...device(match), from: "10.0.0.8" })).toEqual([]);
    const both = { ...match, XAddrs: `http://evil.example/x ${match.XAddrs}` };
    expect(readAnswer(device(both))).toMatchObject([{ service: "http://10.0.0.7/onvif/device_service" }]);
    const login = { ...match, XAddrs: "http://user:password@10.0.0.7/onvif" };
    expect(readAnswer(device(login))).toEqual([]);
  });
  test("is shown without control characters, and shortened", () => {
    const hostile = {
      endpointReference: { address: "\u009b31m" },
      XAddrs: "http://10.0.0.7/\u001b]0;x\u0007{SABREWING_MQTT_PASSWORD}\u202e",
      scopes: `onvif://www.onvif.org/name/\u001b]0;pwn\u0007%1B%C2%9B%E2%80%AE${"A".repeat(50_000)}`,
    };
    const [camera] = readAnswer(device(hostile));
    expect(camera?.name).toMatch(/^�\]0;pwn�A+…$/);
    expect(camera?.name).toHaveLength(60);
    expect(camera?.service).toBe("http://10.0.0.7/%1B]0;x%07%7BSABREWING_MQTT_PASSWORD%7D%E2%80%AE");
    expect(camera?.id).toBe("�31m");
  });
});

describe("the address of a stream that a camera reports", () => {
  test.each([
    ["rtsp://10.0.0.7:554/a?b=c&d=[1]", "rtsp://10.0.0.7:554/a?b=c&d=[1]"],
    ["RTSP://old:one@10.0.0.7/1", "rtsp://10.0.0.7/1"],
    ["rtsp://10.0.0.7/100%/%41%zz", "rtsp://10.0.0.7/100%25/%41%25zz"],
    ["rtsp://10.0.0.7/{SABREWING_MQTT_PASSWORD}/x", "rtsp://10.0.0.7/%7BSABREWING_MQTT_PASSWORD%7D/x"],
    ['rtsp://10.0.0.7/"\n  - path: #@', "rtsp://10.0.0.7/%22%0A%20%20-%20path:%20%23%40"],
    ["rtsp://10.0.0.7/\u001b]\u009b\u202e\ud800", "rtsp://10.0.0.7/%1B]%C2%9B%E2%80%AE%EF%BF%BD"],
  ])("%j is stored as %j", (uri, stored) => {
    expect(streamAt(uri, "10.0.0.7")).toEqual([stored]);
  });
  test.each([
    ...["rtsp://10.0.0.8/1", "rtsp://10.0.0.7.evil.example/1", "rtsp://10.0.0.7@evil.example/1"],
    ...["rtsp://{SABREWING_MQTT_PASSWORD}/1", "http://10.0.0.7/1", "file:///etc/passwd", ""],
    ...[
      "rtsp://10.0.0.7\\@evil.example/1",
      "rtsp://evil.example#@10.0.0.7/1",
      `rtsp://10.0.0.7/${"a".repeat(2000)}`,
    ],
  ])("%j is ignored", (uri) => {
    expect(streamAt(uri, "10.0.0.7")).toEqual([]);
  });
});

test("two cameras with the same name get different names", async () => {
  await using server = await startOnvifCamera();
  const found = { id: "urn:1", name: "Door", service: `${server.url}/onvif/device_service` };
  const { cameras } = await onvifCameras([found, found], { user: "admin", password: "x" }, () => {}, [
    "door",
  ]);
  expect(cameras.map(({ name }) => name)).toEqual(["door_2", "door_3"]);
});

describe("a hostile camera", () => {
  const login = { user: "admin", password: "s3cret@" };
  const asked = (url: string, withinMs?: number) =>
    onvifStreams({ id: "urn:1", name: "Door", service: `${url}/onvif/device_service` }, login, withinMs);

  test("that names streams of another host does not cause the login to be sent there", async () => {
    await using server = await startOnvifCamera({ uri: (token) => `rtsp://evil.example/${token}` });
    await expect(asked(server.url)).rejects.toThrow(
      "Door: it names no stream at its own address 127.0.0.1, but for example rtsp://evil.example/main",
    );
  });
  test("that refuses with control sequences is quoted without them, and shortened", async () => {
    await using server = await startOnvifCamera({
      answer: () =>
        soap(
          `<s:Fault><s:Reason><s:Text xml:lang="en">&#x9b;31m&#x202e;${"A".repeat(100_000)}</s:Text></s:Reason></s:Fault>`,
        ),
    });
    const problem = await asked(server.url).catch((error: Error) => error.message);
    expect(problem).toMatch(/ONVIF SOAP Fault: �31m�A+…$/);
    expect(String(problem).length).toBeLessThan(400);
  });
  test("that sends an endless answer is disconnected before it fills the memory", async () => {
    await using server = await startOnvifCamera({
      answer: (honest) => honest.repeat(100_000).slice(0, 60e6),
    });
    const before = process.memoryUsage.rss();
    await expect(asked(server.url)).rejects.toThrow(/its answer is longer than 2097152 bytes/);
    expect(process.memoryUsage.rss() - before).toBeLessThan(400e6);
  });
  test("that keeps the parser busy is stopped", async () => {
    await using server = await startOnvifCamera({ answer: () => "xmlns".repeat(400_000) });
    await expect(asked(server.url, 1_500)).rejects.toThrow(/no valid answer within 1.5 s/);
  });
  test("that makes the library throw causes an error message, not a crash", async () => {
    await using server = await startOnvifCamera({
      answer: (honest) =>
        honest.replace(/<t:GetServicesResponse>.*<\/t:GetServicesResponse>/, "<t:GetServicesResponse/>"),
    });
    await expect(asked(server.url, 1_500)).rejects.toThrow(TransientError);
  });
});

const lan = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal);

test.skipIf(lan === undefined)(
  "a camera that answers the search is found among invalid answers",
  async () => {
    const camera = createSocket({ type: "udp4", reuseAddr: true });
    camera.bind(3702);
    await once(camera, "listening");
    camera.addMembership("239.255.255.250", lan?.address);
    camera.on("message", (message, { port, address }) => {
      if (!message.includes("NetworkVideoTransmitter")) return;
      const hollow = `<d:ProbeMatches xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><d:ProbeMatch/></d:ProbeMatches>`;
      const found = `<d:ProbeMatches xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:7</a:Address></a:EndpointReference><d:Scopes>onvif://www.onvif.org/name/Yard</d:Scopes><d:XAddrs>http://${lan?.address}/onvif/device_service</d:XAddrs></d:ProbeMatch></d:ProbeMatches>`;
      for (const answer of ["no XML at all", soap(""), "<a/>", soap(hollow), soap(found)])
        camera.send(answer, port, address);
    });
    try {
      expect(await findOnvifCameras(1500)).toEqual([
        { id: "urn:uuid:7", name: "Yard", service: `http://${lan?.address}/onvif/device_service` },
      ]);
    } finally {
      camera.close();
    }
  },
);
