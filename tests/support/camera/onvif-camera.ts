import type { IncomingMessage, ServerResponse } from "node:http";
import { type FileServer, startFileServer } from "../network/file-server.ts";

/** What an ONVIF camera says; every text is put into its XML as it is. */
export interface OnvifWords {
  /** What stands in each of its two profiles. */
  readonly configuration?: string;
  /** The address of a profile's stream. */
  readonly uri?: (token: string) => string;
  /** The reason of a refusal. */
  readonly fault?: string;
  /** The whole answer to a request, where it is another than ONVIF's. */
  readonly answer?: (honest: string, request: string) => string | Uint8Array;
}

/** An envelope around a body. */
export function soap(body: string): string {
  return `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:t="http://www.onvif.org/ver10/device/wsdl" xmlns:m="http://www.onvif.org/ver10/media/wsdl" xmlns:c="http://www.onvif.org/ver10/schema"><s:Body>${body}</s:Body></s:Envelope>`;
}

/** A text as XML has it. */
export function xml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const CONFIGURATION =
  '<c:VideoSourceConfiguration token="vs"><c:SourceToken>v</c:SourceToken></c:VideoSourceConfiguration><c:VideoEncoderConfiguration token="ve"><c:Encoding>H264</c:Encoding></c:VideoEncoderConfiguration>';
const DATE =
  "<t:GetSystemDateAndTimeResponse><t:SystemDateAndTime><c:UTCDateTime><c:Time><c:Hour>1</c:Hour><c:Minute>2</c:Minute><c:Second>3</c:Second></c:Time><c:Date><c:Year>2026</c:Year><c:Month>1</c:Month><c:Day>1</c:Day></c:Date></c:UTCDateTime></t:SystemDateAndTime></t:GetSystemDateAndTimeResponse>";

/**
 * A camera as ONVIF's Profile S has it, as far as init asks: two profiles, `main` and `sub`, for the user admin, whose
 * password comes by WS-Security.
 */
export async function startOnvifCamera(words: OnvifWords = {}): Promise<FileServer> {
  const { configuration = CONFIGURATION, fault = "not for you" } = words;
  const uri = words.uri ?? ((token) => `rtsp://127.0.0.1:554/${token}`);
  const service = (name: string, path: string) =>
    `<t:Service><t:Namespace>http://www.onvif.org/ver10/${name}/wsdl</t:Namespace><t:XAddr>${server.url}/onvif/${path}</t:XAddr></t:Service>`;
  const answers: readonly (readonly [RegExp, (body: string) => string])[] = [
    [/GetSystemDateAndTime/, () => DATE],
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
        `<m:GetStreamUriResponse><m:MediaUri><c:Uri>${xml(uri(/<ProfileToken>(\w+)/.exec(body)?.[1] ?? ""))}</c:Uri></m:MediaUri></m:GetStreamUriResponse>`,
    ],
  ];
  const server = await startFileServer(async (request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    for await (const part of request) body += String(part);
    const isOpen = /GetSystemDateAndTime/.test(body);
    const isMine = /<Username>admin</.test(body) && !body.includes("s3cret");
    const honest = answers.find(([asked]) => asked.test(body))?.[1];
    const said =
      honest === undefined || !(isOpen || isMine)
        ? soap(`<s:Fault><s:Reason><s:Text xml:lang="en">${fault}</s:Text></s:Reason></s:Fault>`)
        : soap(honest(body));
    const status = said.includes("<s:Fault>") ? 400 : 200;
    response.writeHead(status, { "content-type": "application/soap+xml" });
    response.end(words.answer === undefined ? said : words.answer(said, body));
  });
  return server;
}
