import { Presets, SingleBar } from "cli-progress";
import { plainText, printed } from "../../base/plain-text.ts";

/** The progress of a command. Disposing ends the bar, also if the command fails. */
export interface Progress extends Disposable {
  /** @param text the last step, a few words */
  update(done: number, total: number, text: string): void;
}

/** A stream that may be a terminal. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Longest text, in characters: it may be a name from a model or a file. */
const LONGEST = 100;

/**
 * Shows progress on a stream (stderr): a bar on a terminal, elsewhere a line whenever `text` changes, to keep logs short.
 * @param title the task, one or two words
 */
export function showProgress(title: string, stream: ProgressStream): Progress {
  return stream.isTTY ? bar(title, stream) : lines(title, stream);
}

function bar(title: string, stream: ProgressStream): Progress {
  const format = `${title.padEnd(10)} {bar} {percentage} %  {text}`;
  const bar = new SingleBar({ format, stream, hideCursor: true, barsize: 30 }, Presets.shades_classic);
  let started = false;
  return {
    update(done, total, text) {
      const shown = plainText(text, LONGEST);
      if (!started) bar.start(total, 0, { text: shown });
      started = true;
      bar.update(done, { text: shown });
    },
    [Symbol.dispose]() {
      if (started) bar.stop();
    },
  };
}

function lines(title: string, stream: ProgressStream): Progress {
  let shown = "";
  return {
    update(done, total, text) {
      if (text === shown) return;
      shown = text;
      stream.write(printed(`${title}: ${plainText(text, LONGEST)} (${Math.round((100 * done) / total)} %)`));
    },
    [Symbol.dispose]() {},
  };
}
