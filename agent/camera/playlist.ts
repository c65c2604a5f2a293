/** ffmpeg's options for an input, without the dash. */
export type InputOptions = Readonly<Record<string, string>>;

/**
 * Makes ffmpeg or ffprobe read the address from standard input, as a playlist from `playlistOf`. The address contains the
 * camera's password, and every user of the machine can read command lines (`ps`), but not the pipe.
 *
 * Only the pipe is allowed here; the entry in the playlist has its own whitelist. ffmpeg opens the address unchanged
 * (`safe 0`) and does not convert packets (`auto_convert 0`).
 */
export const PLAYLIST_ARGS: readonly string[] = [
  ...["-f", "concat", "-safe", "0", "-auto_convert", "0", "-protocol_whitelist", "pipe"],
  ...["-i", "pipe:0"],
];

/**
 * Formats a playlist of one address (ffmpeg's concat format, "Syntax" and "option" in ffmpeg-formats(1); ffmpeg ≥ 5.0).
 * @param address without line breaks.
 */
export function playlistOf(address: string, options: InputOptions): string {
  const lines = Object.entries(options).map(([name, value]) => `option ${name} ${quoted(value)}`);
  return ["ffconcat version 1.0", `file ${quoted(address)}`, ...lines, ""].join("\n");
}

/** Only the closing quote is special between single quotes (ffmpeg-utils(1), "Quoting and escaping"). */
function quoted(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new RangeError("expected one line, received several");
  return `'${text.replaceAll("'", "'\\''")}'`;
}
