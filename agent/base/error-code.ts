/** The code of a system error: `ENOENT`. Undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

/** The code of a system error, or else the error as text: the reason in a message that names the file itself. */
export function shortReason(error: unknown): string {
  return errorCode(error) ?? String(error);
}
