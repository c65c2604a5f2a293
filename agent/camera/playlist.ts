/** Options for opening an address, as ffmpeg names them, without the dash. */
export type InputOptions = Readonly<Record<string, string>>;

/**
 * Arguments that make ffmpeg or ffprobe open the address that `playlistOf` hands it by standard input. Every user of a
 * machine can read a command line (`ps`), and an address holds the camera's password; a pipe nobody else can read.
 *
 * Only the pipe is allowed here: whatever the playlist names is opened by the rules of its own entry. An address in it
 * is opened as it stands (`safe 0`), its packets are passed on as they are (`auto_convert 0`).
 */
export const PLAYLIST_ARGS: readonly string[] = [
  ...["-f", "concat", "-safe", "0", "-auto_convert", "0", "-protocol_whitelist", "pipe"],
  ...["-i", "pipe:0"],
];

/**
 * A playlist of one address (ffmpeg's concat format, "Syntax" and "option" in ffmpeg-formats(1); ffmpeg 5.0 and later).
 * @param address without line breaks.
 */
export function playlistOf(address: string, options: InputOptions): string {
  const lines = Object.entries(options).map(([name, value]) => `option ${name} ${quoted(value)}`);
  return ["ffconcat version 1.0", `file ${quoted(address)}`, ...lines, ""].join("\n");
}

/** Nothing is special between single quotes but their end (ffmpeg-utils(1), "Quoting and escaping"). */
function quoted(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new RangeError("expected one line, received several");
  return `'${text.replaceAll("'", "'\\''")}'`;
}
