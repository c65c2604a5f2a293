import { z } from "zod";
import { AllowedHostsSchema } from "./allowed-hosts-schema.ts";

/** 16 characters of a random token cannot be guessed, even by whoever has a cookie made with it to try them on. */
const SHORTEST_TOKEN = 16;

/** What is wrong with a token, if anything. */
export function tokenProblem(token: string): string | undefined {
  if (token.length < SHORTEST_TOKEN) {
    return `at least ${SHORTEST_TOKEN} characters that nobody guesses (openssl rand -hex 16 makes some)`;
  }
  return /^[\x21-\x7e]+$/.test(token) ? undefined : "letters, digits and signs of ASCII, no spaces";
}

/** The live view: off, on this machine only, and never without a token, since it shows what the cameras see. */
export const ViewSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe("Serve a page that shows the cameras live."),
    host: z
      .string()
      .min(1)
      .default("127.0.0.1")
      .describe("Address to listen on; 0.0.0.0: every machine that can reach this one may try the token."),
    port: z.int().min(0).max(65535).default(5080).describe("TCP port; 0: any that is free."),
    allowed_hosts: AllowedHostsSchema.describe(
      "Host names of the page, besides IP addresses, localhost and this machine's name.",
    ),
    token: z
      .string()
      .superRefine((token, context) => {
        const problem = tokenProblem(token);
        if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
      })
      .optional()
      .describe("What a browser must show once to be let in; better from the environment: {NAME}."),
    token_file: z.string().min(1).optional().describe("File that holds the token, instead of token."),
  })
  .superRefine(({ enabled, token, token_file: tokenFile }, context) => {
    if (!enabled || token !== undefined || tokenFile !== undefined) return;
    context.addIssue({
      code: "custom",
      path: ["enabled"],
      params: { isKey: true },
      message: "the live view needs a token: set token or token_file too",
    });
  })
  .describe("A page that shows the cameras live, with all that the agent sees in them.");
