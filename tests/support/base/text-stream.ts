import { Writable } from "node:stream";

/** Stands in for stdout or stderr and keeps what was written. */
export class TextStream extends Writable {
  readonly isTTY: boolean;
  text = "";

  constructor({ isTTY = false }: { readonly isTTY?: boolean } = {}) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
