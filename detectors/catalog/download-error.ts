/** The publisher's server could not be reached or broke off. Trying again later may work. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
