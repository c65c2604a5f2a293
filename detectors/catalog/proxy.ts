import { EnvHttpProxyAgent } from "undici";

/**
 * The way out that the environment names: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in capitals or not, as curl and npm
 * read them; straight ahead where it names none.
 */
export function proxyFor(
  env: Readonly<Record<string, string | undefined>>,
): EnvHttpProxyAgent & AsyncDisposable {
  const setting = (name: string) => env[name.toLowerCase()] ?? env[name] ?? "";
  const agent = new EnvHttpProxyAgent({
    httpProxy: setting("HTTP_PROXY"),
    httpsProxy: setting("HTTPS_PROXY"),
    noProxy: setting("NO_PROXY"),
  });
  return Object.assign(agent, { [Symbol.asyncDispose]: () => agent.destroy() });
}
