import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../base/clock.ts";
import type { GuardedConnections } from "../../base/guard-connections.ts";
import type { Log } from "../../base/log.ts";
import type { Refusal } from "../../base/log-refusals.ts";
import { answerHistory, type HistoryQueries } from "../history/answer-history.ts";
import type { Insight } from "../insight/open-insight.ts";
import type { Access } from "./access.ts";
import { type ApplyShapes, answerShapes } from "./apply-shapes.ts";
import type { Feed } from "./feed.ts";
import type { LastFrame } from "./last-frame.ts";
import { isForeignForm, isForeignSubresource } from "./own-page.ts";
import type { PageFile } from "./page-files.ts";
import { foreign, misdirected, type RefusedRequest } from "./refusals.ts";
import { fileReply, jpegReply, type Reply, redirectReply, textReply } from "./reply.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** Dependencies of the answers. */
export interface Answers {
  readonly access: Access;
  /** Whether a request names one of this server's hosts. */
  readonly isAddressed: (request: IncomingMessage) => boolean;
  readonly connections: GuardedConnections;
  readonly feed: Feed;
  readonly history: HistoryQueries;
  readonly page: (name: string) => Promise<PageFile | undefined>;
  readonly cameras: readonly string[];
  readonly lastFrames: ReadonlyMap<string, LastFrame>;
  readonly insight: Pick<Insight, "answer">;
  /** Changes the configuration file; undefined: the configuration does not allow it. */
  readonly applyShapes: ApplyShapes | undefined;
  readonly log: Log;
  readonly onRefusal: (refusal: Refusal) => void;
  readonly clock: Clock;
  /** Ends all waiting when aborted. */
  readonly signal: AbortSignal;
}

/** Enough for the longest token, percent-encoded. */
const MOST_BODY_BYTES = 4096;
/** Enough for a hundred polygons. */
const MOST_SHAPES_BYTES = 100_000;
const FRAME_WITHIN_MS = 5_000;
/** Time for a stranger to receive the answer. */
const ANSWER_WITHIN_MS = 5_000;
/** Needed by the page that asks for the token; contains no data from cameras. */
const PUBLIC_FILES: ReadonlySet<string> = new Set(["/style.css", "/icon.svg"]);

/** Answers one HTTP request. Never fails: errors become a status. */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  answers: Answers,
): Promise<void> {
  const { connections } = answers;
  const { socket } = request;
  const reply = await replyOrError(request, answers);
  // The connection was closed meanwhile, by a timeout or in favour of another connection.
  if (socket.destroyed) return;
  connections.allowMs(socket, ANSWER_WITHIN_MS);
  const { status, headers, body = "" } = reply;
  const own = {
    "Content-Length": Buffer.byteLength(body),
    // Only signed-in connections are kept open.
    ...(connections.isSignedIn(socket) ? {} : { Connection: "close" }),
  };
  response.writeHead(status, { ...SECURITY_HEADERS, ...own, ...headers }).end(body);
}

async function replyOrError(request: IncomingMessage, answers: Answers): Promise<Reply> {
  const path = request.url ?? "/";
  // A path such as `//` is invalid.
  if (!URL.canParse(path, "http://any")) return textReply(400, "Bad request.");
  try {
    return await replyTo(request, new URL(path, "http://any"), answers);
  } catch (error) {
    if (!request.socket.destroyed) {
      answers.log.warn({ problem: String(error) }, "the live view could not answer a request");
    }
    return textReply(500, "The request could not be answered; see the agent's log.");
  }
}

async function replyTo(request: IncomingMessage, url: URL, answers: Answers): Promise<Reply> {
  const { access, isAddressed, connections, page, feed, history, cameras, lastFrames, insight } = answers;
  const { method, headers } = request;
  const path = url.pathname;
  if (!isAddressed(request)) return refuse(misdirected(request), answers);
  const isKnown = access.hasValidCookie(headers);
  // If too many connections have signed in, a request with a valid cookie is still answered, like that of a stranger.
  if (isKnown) connections.signIn(request.socket);
  if (method === "POST" && path === "/enter") {
    if (isForeignForm(headers) && headers.origin !== "null") return refuse(foreign(request), answers);
    const token = await readToken(request);
    if (token === undefined) return textReply(413, "The token is too long.", { Connection: "close" });
    return enter(request, token, answers);
  }
  if (method === "POST" && path === "/leave") {
    return isForeignForm(headers)
      ? refuse(foreign(request), answers)
      : redirectReply("./", access.expiredCookie);
  }
  const [, edited] = /^\/cameras\/([\w-]+)\/shapes$/.exec(path) ?? [];
  if (method === "POST" && edited !== undefined) {
    if (isForeignForm(headers) || headers.origin === undefined) return refuse(foreign(request), answers);
    if (!isKnown) return textReply(401, "Open the live view and enter its token first.");
    return answerShapes(edited, await readBody(request, MOST_SHAPES_BYTES), answers);
  }
  if (method !== "GET" && method !== "HEAD") {
    return textReply(405, "Not allowed.", { Allow: "GET, HEAD, POST" });
  }
  const file = async (name: string) => fileReply(await page(name), headers["if-none-match"]);
  if (PUBLIC_FILES.has(path)) return file(path.slice(1));

  const token = path === "/" ? url.searchParams.get("token") : null;
  if (token !== null) {
    return isForeignSubresource(headers) ? refuse(foreign(request), answers) : enter(request, token, answers);
  }
  if (!isKnown) {
    if (path !== "/") return textReply(401, "Open the live view and enter its token first.");
    return { ...fileReply(await page("enter.html")), status: 401 };
  }

  const [, id] = /^\/events\/([\w.-]+)\.jpg$/.exec(path) ?? [];
  if (id !== undefined) return jpegReply(feed.eventSnapshot(id), 404);
  const [, camera] = /^\/cameras\/([\w-]+)\.jpg$/.exec(path) ?? [];
  if (camera !== undefined) {
    if (!cameras.includes(camera)) return textReply(404, "No such camera.");
    const still = await feed.nextStill(camera, AbortSignal.timeout(FRAME_WITHIN_MS));
    return jpegReply(still?.jpeg, 503, { "Frame-Time": String(still?.timeMs) });
  }
  const [, offline = ""] = /^\/cameras\/([\w-]+)\/last\.jpg$/.exec(path) ?? [];
  const last = lastFrames.get(offline);
  if (last !== undefined) return jpegReply(await last.jpeg(), 404);
  const answer = insight.answer(path) ?? (await answerHistory(url, history));
  return answer ?? file(path === "/" ? "index.html" : path.slice(1));
}

/** Checks a token. If it is right, redirects the browser to the address without the token. */
async function enter(request: IncomingMessage, token: string, answers: Answers): Promise<Reply> {
  const { access, connections, log, onRefusal, clock, signal } = answers;
  const { socket } = request;
  const address = socket.remoteAddress ?? "unknown";
  const verdict = access.checkToken(token, address);
  if (verdict.is === "right") {
    connections.signIn(socket);
    log.info({ address }, "the live view was opened with its token");
    return redirectReply("./", verdict.cookie);
  }
  onRefusal({ message: "the live view refused a wrong token", address });
  if ("tooManyForMs" in verdict) {
    const seconds = String(Math.ceil(verdict.tooManyForMs / 1000));
    return textReply(429, "Too many wrong tokens from this address.", { "Retry-After": seconds });
  }
  connections.allowMs(socket, verdict.afterMs + ANSWER_WITHIN_MS);
  await clock.sleep(verdict.afterMs, signal);
  return redirectReply("./#wrong");
}

function refuse({ status, text, refusal }: RefusedRequest, { onRefusal }: Answers): Reply {
  onRefusal(refusal);
  return textReply(status, text);
}

/** Reads the field `token` of a form; undefined if the form is too long. */
async function readToken(request: IncomingMessage): Promise<string | undefined> {
  const body = await readBody(request, MOST_BODY_BYTES);
  return body === undefined ? undefined : (new URLSearchParams(body).get("token") ?? "");
}

/** Reads the body of a request; undefined if it is too long. */
async function readBody(request: IncomingMessage, mostBytes: number): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  // The connection stays open, since it must carry the answer.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += part.length;
    if (bytes > mostBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
