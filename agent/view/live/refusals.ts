import type { IncomingMessage } from "node:http";
import type { Refusal } from "../../base/log-refusals.ts";
import { remedyForHost } from "../../base/named-host.ts";

/** A refused request: the answer, and the log line. */
export interface RefusedRequest {
  readonly status: 401 | 403 | 404 | 421 | 503;
  /** Body of the answer. */
  readonly text: string;
  readonly refusal: Refusal;
}

/** The request names a host that is not one of this server's. */
export function misdirected(request: IncomingMessage): RefusedRequest {
  const remedy = remedyForHost(request, "view.allowed_hosts");
  return {
    status: 421,
    text: `The live view does not accept this host name. ${remedy}`,
    refusal: refusal(request, "the live view refused a request for a host name that is not its own", remedy),
  };
}

/** The page of another site caused the request. */
export function foreign(request: IncomingMessage): RefusedRequest {
  return {
    status: 403,
    text: "The page of another site sent this request.",
    refusal: refusal(request, "the live view refused a request that the page of another site sent"),
  };
}

/** The request has no valid cookie. */
export function unknown(request: IncomingMessage): RefusedRequest {
  return {
    status: 401,
    text: "Open the live view and enter its token first.",
    refusal: refusal(request, "the live view refused a WebSocket without a valid cookie"),
  };
}

/** The path does not exist. */
export function notFound(request: IncomingMessage): RefusedRequest {
  return {
    status: 404,
    text: "Not found.",
    refusal: refusal(request, "the live view refused a WebSocket at an unknown path"),
  };
}

/** The limit for signed-in connections is reached. */
export function tooManySignedIn(request: IncomingMessage): RefusedRequest {
  return {
    status: 503,
    text: "Too many viewers: close the live view in other windows.",
    refusal: refusal(
      request,
      "the live view refused a WebSocket: too many connections have signed in",
      "Close the live view in other windows.",
    ),
  };
}

function refusal(request: IncomingMessage, message: string, remedy?: string): Refusal {
  const address = request.socket.remoteAddress ?? "unknown";
  return { message, address, ...(remedy === undefined ? {} : { remedy }) };
}
