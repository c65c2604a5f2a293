import { z } from "zod";
import { AllowedHostsSchema } from "./allowed-hosts-schema.ts";
import { FilePathSchema } from "./file-path.ts";

/** A random token of 16 characters cannot be guessed, even offline with a cookie that was made from it. */
const SHORTEST_TOKEN = 16;

/** The expected form of a token, if it does not have it. */
export function tokenProblem(token: string): string | undefined {
  if (token.length < SHORTEST_TOKEN) {
    return `at least ${SHORTEST_TOKEN} random characters (for example from openssl rand -hex 16)`;
  }
  return /^[\x21-\x7e]+$/.test(token) ? undefined : "ASCII letters, digits and signs without spaces";
}

/** The live view shows the cameras' images: it is off and local by default, and always needs a token. */
export const ViewSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe("Serve the live view."),
    host: z
      .string()
      .min(1)
      .default("127.0.0.1")
      .describe("Address to listen on; 0.0.0.0: all addresses, so other machines can open the page."),
    port: z.int().min(0).max(65535).default(5080).describe("TCP port; 0: any free port."),
    allowed_hosts: AllowedHostsSchema.describe(
      "Host names accepted in requests, besides IP addresses, localhost and this machine's name.",
    ),
    token: z
      .string()
      .superRefine((token, context) => {
        const problem = tokenProblem(token);
        if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
      })
      .optional()
      .describe("Access token for the page; preferably from the environment: {NAME}."),
    allow_config_changes: z
      .boolean()
      .default(false)
      .describe("Let the page write zones and masks to this file; otherwise it shows them to copy."),
    token_file: FilePathSchema.optional().describe("File that contains the token; instead of token."),
  })
  .superRefine(({ enabled, token, token_file: tokenFile }, context) => {
    if (!enabled || token !== undefined || tokenFile !== undefined) return;
    context.addIssue({
      code: "custom",
      path: ["enabled"],
      params: { isKey: true },
      message: "the live view needs a token: also set token or token_file",
    });
  })
  .describe("Live view: a web page that shows the cameras with motion, regions and tracks.");
