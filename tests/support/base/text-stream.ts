import { Writable } from "node:stream";

/** Replaces stdout or stderr and keeps the text. */
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
