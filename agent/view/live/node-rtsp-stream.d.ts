/** The parts of node-rtsp-stream 0.0.9 (which has no types) that we use or replace. */
declare module "node-rtsp-stream" {
  import type { EventEmitter } from "node:events";

  export interface VideoStreamOptions {
    readonly name: string;
  }

  /** Its constructor calls `startMpeg1Stream` and then `pipeStreamToSocketServer`. */
  class VideoStream<Options extends VideoStreamOptions> extends EventEmitter<{
    camdata: [Uint8Array];
  }> {
    constructor(options: Options);
    readonly options: Options;
    /** Ended by `stop`, together with `wsServer`. */
    stream: { kill(): void };
    wsServer: { close(): void };
    startMpeg1Stream(): this;
    pipeStreamToSocketServer(): this;
    stop(): this;
  }

  // biome-ignore lint/style/noDefaultExport: the package has nothing else
  export { VideoStream as default };
}
