/** A request or a reply (RFC 2326, 4): its first line, its header lines in order, and its body. */
export interface RtspMessage {
  readonly start: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** @param head the text in front of the empty line */
export function parseMessage(head: string, body: string): RtspMessage {
  const [start = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  return { start, headers, body };
}

/** The value of the first such header line. */
export function header({ headers }: RtspMessage, name: string): string | undefined {
  return headers.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
}

/** The message with this header line; undefined: without it. */
export function withHeader(message: RtspMessage, name: string, value: string | undefined): RtspMessage {
  const others = message.headers.filter(([known]) => known.toLowerCase() !== name.toLowerCase());
  return { ...message, headers: value === undefined ? others : [...others, [name, value]] };
}

/** The message with another body, and its length in the header. */
export function withBody(message: RtspMessage, body: string): RtspMessage {
  return withHeader({ ...message, body }, "Content-Length", body === "" ? undefined : `${body.length}`);
}

export function methodOf({ start }: RtspMessage): string {
  return start.split(" ")[0] ?? "";
}

export function uriOf({ start }: RtspMessage): string {
  return start.split(" ")[1] ?? "";
}

export function withUri(message: RtspMessage, uri: string): RtspMessage {
  return { ...message, start: `${methodOf(message)} ${uri} RTSP/1.0` };
}

/** A reply to a request. */
export function replyTo(
  request: RtspMessage,
  status: string,
  headers: readonly (readonly [string, string])[] = [],
): RtspMessage {
  return {
    start: `RTSP/1.0 ${status}`,
    headers: [["CSeq", header(request, "CSeq") ?? "0"], ...headers],
    body: "",
  };
}

export function toText({ start, headers, body }: RtspMessage): string {
  return `${[start, ...headers.map(([name, value]) => `${name}: ${value}`)].join("\r\n")}\r\n\r\n${body}`;
}
