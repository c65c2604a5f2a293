import type { Server } from "node:http";
import type { Socket } from "node:net";

const HEAD_END = "\r\n\r\n";

/**
 * Lets only the first request of a connection reach the parser, and closes the connection if more follows before it
 * `isTrusted`. Node parses all that it has read before it handles other connections: 64 kB of pipelined requests take 25 ms.
 */
export function firstRequestOnly(server: Server, isTrusted: (socket: Socket) => boolean): void {
  /** Bytes of the body that have not arrived. A chunked body has no known length and counts as more than the request. */
  const bodyLeft = new WeakMap<Socket, number>();
  server.on("request", ({ socket, headers }) => bodyLeft.set(socket, Number(headers["content-length"] ?? 0)));

  server.on("connection", (socket: Socket) => {
    passThroughPush(socket);
    const push = socket.push.bind(socket);
    let isInHead = true;
    let lastBytes: Buffer = Buffer.alloc(0);

    /** The number of bytes of this part that belong to the head of the first request. */
    function headBytes(part: Buffer): number {
      const searched = Buffer.concat([lastBytes, part]);
      const at = searched.indexOf(HEAD_END);
      if (at < 0) {
        lastBytes = Buffer.from(searched.subarray(1 - HEAD_END.length));
        return part.length;
      }
      isInHead = false;
      return at + HEAD_END.length - lastBytes.length;
    }

    socket.push = (part: unknown, encoding) => {
      if (!Buffer.isBuffer(part) || isTrusted(socket)) return push(part, encoding);
      let rest: Buffer = part;
      let wantsMore = true;
      if (isInHead) {
        const bytes = headBytes(rest);
        // The request is parsed and, if it has a valid cookie, trusted before this returns.
        wantsMore = push(rest.subarray(0, bytes));
        rest = rest.subarray(bytes);
      }
      if (rest.length === 0) return wantsMore;
      if (isTrusted(socket)) return push(rest);
      const left = bodyLeft.get(socket) ?? 0;
      const body = rest.subarray(0, left);
      bodyLeft.set(socket, left - body.length);
      if (body.length > 0) wantsMore = push(body);
      if (body.length === rest.length) return wantsMore;
      socket.destroy();
      return false;
    };
  });
}

/** Node's parser takes bytes directly from the system until another listener takes them. */
function passThroughPush(socket: Socket): void {
  const listener = () => {};
  socket.on("data", listener).off("data", listener);
}
