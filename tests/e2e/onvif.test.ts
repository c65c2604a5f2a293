import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { TransientError } from "../../agent/base/errors.ts";
import { findOnvifCameras, onvifStreams, readAnswer, withLogin } from "../../agent/camera/onvif.ts";
import { startFileServer } from "../support/network/file-server.ts";

const soap = (body: string) =>
  `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:t="http://www.onvif.org/ver10/device/wsdl" xmlns:m="http://www.onvif.org/ver10/media/wsdl" xmlns:c="http://www.onvif.org/ver10/schema"><s:Body>${body}</s:Body></s:Envelope>`;

const CONFIGURATION =
  '<c:VideoSourceConfiguration token="vs"><c:SourceToken>v</c:SourceToken></c:VideoSourceConfiguration><c:VideoEncoderConfiguration token="ve"><c:Encoding>H264</c:Encoding></c:VideoEncoderConfiguration>';

/** A camera as ONVIF's Profile S has it, as far as init asks: two profiles, the password in WS-Security. */
async function startOnvifCamera(configuration = CONFIGURATION) {
  const service = (name: string, path: string) =>
    `<t:Service><t:Namespace>http://www.onvif.org/ver10/${name}/wsdl</t:Namespace><t:XAddr>${server.url}/onvif/${path}</t:XAddr></t:Service>`;
  const answers: readonly (readonly [RegExp, (body: string) => string])[] = [
    [
      /GetSystemDateAndTime/,
      () =>
        "<t:GetSystemDateAndTimeResponse><t:SystemDateAndTime><c:UTCDateTime><c:Time><c:Hour>1</c:Hour><c:Minute>2</c:Minute><c:Second>3</c:Second></c:Time><c:Date><c:Year>2026</c:Year><c:Month>1</c:Month><c:Day>1</c:Day></c:Date></c:UTCDateTime></t:SystemDateAndTime></t:GetSystemDateAndTimeResponse>",
    ],
    [
      /GetServices/,
      () =>
        `<t:GetServicesResponse>${service("device", "device_service")}${service("media", "media")}</t:GetServicesResponse>`,
    ],
    [
      /GetProfiles/,
      () =>
        `<m:GetProfilesResponse><m:Profiles token="main"><c:Name>main</c:Name>${configuration}</m:Profiles><m:Profiles token="sub"><c:Name>sub</c:Name>${configuration}</m:Profiles></m:GetProfilesResponse>`,
    ],
    [
      /GetVideoSources/,
      () => `<m:GetVideoSourcesResponse><m:VideoSources token="v"/></m:GetVideoSourcesResponse>`,
    ],
    [
      /GetStreamUri/,
      (body) =>
        `<m:GetStreamUriResponse><m:MediaUri><c:Uri>rtsp://10.0.0.7:554/${/<ProfileToken>(\w+)/.exec(body)?.[1]}</c:Uri></m:MediaUri></m:GetStreamUriResponse>`,
    ],
  ];
  const server = await startFileServer(async (request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    for await (const part of request) body += String(part);
    const isOpen = /GetSystemDateAndTime/.test(body);
    const isMine = /<Username>admin</.test(body) && !body.includes("s3cret");
    const answer = answers.find(([asked]) => asked.test(body))?.[1];
    if (answer === undefined || !(isOpen || isMine)) {
      response
        .writeHead(400)
        .end(soap("<s:Fault><s:Reason><s:Text>not for you</s:Text></s:Reason></s:Fault>"));
    } else {
      response.writeHead(200, { "content-type": "application/soap+xml" }).end(soap(answer(body)));
    }
  });
  return server;
}

test("a camera tells its streams to whoever knows the password, which is never sent as it is", async () => {
  await using server = await startOnvifCamera();
  const camera = { id: "urn:1", name: "Door", service: `${server.url}/onvif/device_service` };
  expect(await onvifStreams(camera, { user: "admin", password: "s3cret@" })).toEqual([
    "rtsp://admin:s3cret%40@10.0.0.7:554/main",
    "rtsp://admin:s3cret%40@10.0.0.7:554/sub",
  ]);
  const refused = onvifStreams(camera, { user: "guest", password: "s3cret" });
  await expect(refused).rejects.toThrow(TransientError);
  await expect(refused).rejects.toThrow(/Door: no streams by ONVIF/);
});

test("a camera whose answers make no sense is given up", async () => {
  await using server = await startOnvifCamera("");
  const camera = { id: "urn:1", name: "Door", service: `${server.url}/onvif/device_service` };
  const asked = onvifStreams(camera, { user: "admin", password: "x" }, 500);
  await expect(asked).rejects.toThrow(/no answer that makes sense/);
});

describe("an answer to the search", () => {
  const match = {
    endpointReference: { address: "urn:uuid:1" },
    XAddrs: "http://10.0.0.7/onvif/device_service http://[fe80::1]/onvif/device_service",
    scopes: "onvif://www.onvif.org/type/video onvif://www.onvif.org/name/Front%20Door_1",
  };
  test("tells a camera's name and where to ask it", () => {
    expect(readAnswer({ probeMatches: { probeMatch: match } })).toEqual([
      { id: "urn:uuid:1", name: "Front Door 1", service: "http://10.0.0.7/onvif/device_service" },
    ]);
    expect(readAnswer({ probeMatches: { probeMatch: { ...match, scopes: undefined } } })).toMatchObject([
      { name: "10.0.0.7" },
    ]);
  });
  test.each([
    undefined,
    "x",
    {},
    { probeMatches: "" },
    { probeMatches: { probeMatch: { ...match, XAddrs: "ftp://x" } } },
  ])("that is none (%j) is no camera", (answer) => {
    expect(readAnswer(answer)).toEqual([]);
  });
  test("a login takes the place of the one in the address", () => {
    expect(withLogin("rtsp://old:one@a/1", { user: "n", password: "e/w" })).toBe("rtsp://n:e%2Fw@a/1");
  });
});

const lan = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal);

test.skipIf(lan === undefined)("a camera that answers the search is found, whatever else comes", async () => {
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
});
