import { plainText } from "../../base/plain-text.ts";

/** Encodings whose name in RTP users do not know (RFC 2250, RFC 3551, RFC 3640, RFC 4629, RFC 6416). */
const NAMES: Readonly<Record<string, string | undefined>> = {
  MPV: "MPEG-2",
  MP2T: "an MPEG-2 transport stream",
  H261: "H.261",
  H263: "H.263",
  "H263-1998": "H.263",
  "H263-2000": "H.263",
  H266: "H.266",
  JPEG2000: "JPEG 2000",
  RAW: "uncompressed",
  "MPEG4-GENERIC": "AAC",
  "MP4A-LATM": "AAC",
};

const LONGEST = 30;

/** As users know the encoding of a track. @param encoding as the camera names it, in upper case */
export function encodingName(encoding: string): string {
  return (Object.hasOwn(NAMES, encoding) ? NAMES[encoding] : undefined) ?? plainText(encoding, LONGEST);
}
