import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "../../base/log.ts";
import type { Access } from "./access.ts";
import type { Feed } from "./feed.ts";
import type { PageFile } from "./page-files.ts";
import { elsewhere, fileReply, pictureReply, type Reply, textReply } from "./reply.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** What answers are made of. */
export interface Answers {
  readonly access: Access;
  readonly feed: Feed;
  readonly page: (name: string) => Promise<PageFile | undefined>;
  readonly cameras: readonly string[];
  readonly log: Log;
}

/** Longest token with room for its encoding. */
const MOST_BODY_BYTES = 4096;
const PICTURE_WITHIN_MS = 5_000;
/** What the page that asks for the token needs; it tells nothing. */
const FOR_EVERYBODY: ReadonlySet<string> = new Set(["/style.css", "/icon.svg"]);

/** Answers one HTTP request. Never fails: what goes wrong becomes a status. */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  answers: Answers,
): Promise<void> {
  const { status, headers, body = "" } = await replyOrExcuse(request, answers);
  const length = { "Content-Length": Buffer.byteLength(body) };
  response.writeHead(status, { ...SECURITY_HEADERS, ...length, ...headers }).end(body);
}

async function replyOrExcuse(request: IncomingMessage, answers: Answers): Promise<Reply> {
  const path = request.url ?? "/";
  // A path like `//` is no address.
  if (!URL.canParse(path, "http://any")) return textReply(400, "Bad request.");
  try {
    return await replyTo(request, new URL(path, "http://any"), answers);
  } catch (error) {
    answers.log.warn({ problem: String(error) }, "the live view could not answer a request");
    return textReply(500, "Something went wrong; the agent's log tells more.");
  }
}

async function replyTo(request: IncomingMessage, url: URL, answers: Answers): Promise<Reply> {
  const { access, page, feed, cameras } = answers;
  const { method, headers } = request;
  const path = url.pathname;
  if (method === "POST" && path === "/enter") {
    const token = await readToken(request);
    if (token === undefined) return textReply(413, "Too long for a token.", { Connection: "close" });
    return enter(request, token, answers);
  }
  if (method === "POST" && path === "/leave") return elsewhere("./", access.farewell);
  if (method !== "GET" && method !== "HEAD") {
    return textReply(405, "Not allowed.", { Allow: "GET, HEAD, POST" });
  }
  const file = async (name: string) => fileReply(await page(name), headers["if-none-match"]);
  if (FOR_EVERYBODY.has(path)) return file(path.slice(1));

  const token = path === "/" ? url.searchParams.get("token") : null;
  if (token !== null) return enter(request, token, answers);
  if (!access.knows(headers)) {
    if (path !== "/") return textReply(401, "Open the live view and show its token first.");
    return { ...fileReply(await page("enter.html")), status: 401 };
  }

  const [, id] = /^\/events\/([\w.-]+)\.jpg$/.exec(path) ?? [];
  if (id !== undefined) return pictureReply(feed.eventPicture(id), 404);
  const [, camera] = /^\/cameras\/([\w-]+)\.jpg$/.exec(path) ?? [];
  if (camera !== undefined) {
    if (!cameras.includes(camera)) return textReply(404, "No such camera.");
    return pictureReply(await feed.nextPicture(camera, AbortSignal.timeout(PICTURE_WITHIN_MS)), 503);
  }
  return file(path === "/" ? "index.html" : path.slice(1));
}

/** Judges the token that somebody shows; whoever is let in comes back without it in the address. */
function enter(request: IncomingMessage, token: string, { access, log }: Answers): Reply {
  const address = request.socket.remoteAddress ?? "unknown";
  const verdict = access.judge(token, address);
  switch (verdict.is) {
    case "right":
      log.info({ address }, "somebody opened the live view");
      return elsewhere("./", verdict.cookie);
    case "wrong":
      log.warn({ address }, "somebody showed the live view a wrong token");
      return elsewhere("./#wrong");
    case "ignored": {
      const seconds = String(verdict.waitSeconds);
      return textReply(429, `Too many wrong tokens. Try again in ${seconds} s.`, { "Retry-After": seconds });
    }
  }
}

/** The field `token` of a form; undefined where the form is far too long for one. */
async function readToken(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  // Whoever sends too much is to be told so, on this very connection.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += part.length;
    if (bytes > MOST_BODY_BYTES) return undefined;
    parts.push(part);
  }
  return new URLSearchParams(Buffer.concat(parts).toString()).get("token") ?? "";
}
