import { decodedPart, replaceSecretValues, splitAddress } from "../../../base/address.ts";
import type { Mapping } from "../../../base/mapping.ts";
import { hasPlaceholder } from "../../../config/environment.ts";
import type { Secrets } from "../secrets.ts";
import type { Remarks } from "./remarks.ts";
import { textOf } from "./values.ts";

/** Translates texts of Frigate's file, in which `{FRIGATE_NAME}` or `${NAME}` stands for an environment variable. */
export interface Texts {
  /** A text of sabrewing.yml with the same meaning. */
  translated(text: string): string;
  /** The same for a secret: what is written literally moves to the file of secrets under this name. */
  secret(name: string, text: string): string;
  /**
   * The same for the address of a stream, whose login moves to the file of secrets.
   * @returns undefined if the text is no address
   */
  address(camera: string, text: string): string | undefined;
}

/**
 * `{FRIGATE_NAME}`, which Frigate replaces, and `${NAME}` and `${NAME:default}`, which go2rtc replaces by any variable of its
 * environment (go2rtc's README, "Environment variables").
 */
const VARIABLE = /\$\{([A-Za-z_]\w*)(?::([^{}]*))?\}|\{(FRIGATE_[A-Za-z0-9_]+)\}/g;
/** An @ after the host: the text before it may belong to the password. */
const SECOND_AT = /^[^/]*\/\/[^/?#]*@[^/?#]*[/?#].*@/;
/** An address whose beginning, and so its scheme and host, is a variable. */
const BEGINS_WITH_VARIABLE = new RegExp(`^\\s*(?:${VARIABLE.source})`);
const ESCAPED_BRACE = /\{\{|\}\}/g;

/** @param variables `environment_vars` of Frigate's file: the values that it contains itself */
export function frigateTexts(variables: Mapping, secrets: Secrets, remarks: Remarks): Texts {
  /** Our names of variables, each with the name that it replaces. */
  const replaced = new Map<string, string>();

  /** Two variables may differ only in case, or by FRIGATE_. */
  function nameFor(variable: string): string {
    const wanted = `SABREWING_${variable.replace(/^FRIGATE_/, "").toUpperCase()}`;
    let own = wanted;
    for (let number = 2; (replaced.get(own) ?? variable) !== variable; number++) own = `${wanted}_${number}`;
    replaced.set(own, variable);
    return own;
  }

  /** @param preset its value if the environment does not set it */
  function placeholderOf(variable: string, preset: string | undefined): string {
    const value = textOf(variables[variable]);
    const placeholder = secrets.keep(nameFor(variable), value ?? preset ?? "");
    if (value === undefined) {
      const what = variable.startsWith("FRIGATE_")
        ? "Frigate's variable (FRIGATE_ instead of SABREWING_ in its name)"
        : `go2rtc's variable ${variable}`;
      const text =
        preset === undefined ? `enter the value of ${what}` : `its default is entered; check ${what}`;
      remarks.add("todo", placeholder.slice(1, -1), `${text}, without percent-encoding`);
    }
    return placeholder;
  }

  /** @param keep returns a literal part, or a placeholder for it */
  function inParts(text: string, keep: (literal: string) => string): string {
    let end = 0;
    const parts = [...text.matchAll(VARIABLE)].flatMap((match) => {
      const literal = text.slice(end, match.index);
      end = match.index + match[0].length;
      const [, ofGo2rtc, preset, ofFrigate] = match;
      const before = literal === "" ? "" : keep(unescaped(literal));
      return [before, placeholderOf(ofGo2rtc ?? ofFrigate ?? "", preset)];
    });
    const rest = text.slice(end);
    return parts.join("") + (rest === "" ? "" : keep(unescaped(rest)));
  }

  const literal = (text: string) => (hasPlaceholder(text) ? secrets.keep("SABREWING_TEXT", text) : text);
  const secret = (name: string, text: string) => inParts(text, (part) => secrets.keep(name, part));

  return {
    translated: (text) => inParts(text, literal),
    secret,
    address: (camera, text) =>
      beginsWithVariable(text)
        ? inParts(text.trim(), literal)
        : withVariables(text, (plain, restored) => {
            const [written, portVariable] = withoutPortVariable(plain);
            const parts = splitAddress(normalAddress(written));
            if (parts === undefined || !/^rtsps?$/.test(parts.scheme)) return undefined;
            const { scheme, user, password, host, port = portVariable, path } = parts;
            if (SECOND_AT.test(plain)) {
              remarks.add(
                "todo",
                `cameras.${camera}`,
                "check the address: in user and password, /, ? and # must be percent-encoded in Frigate, too",
              );
            }
            const name = variableName(camera);
            const keep = (what: string, value: string) => secret(`${name}_${what}`, restored(value));
            const login =
              user === undefined
                ? ""
                : password === undefined
                  ? `${keep("USER", decodedPart(user))}@`
                  : `${translatedUser(restored(decodedPart(user)))}:${keep("PASSWORD", decodedPart(password))}@`;
            const literalPath = unescaped(path).replaceAll("{", "%7B").replaceAll("}", "%7D");
            const shown = replaceSecretValues(literalPath, (value) => keep("PARAMETER", value));
            const rest = `${host}${port === undefined ? "" : `:${port}`}${shown}`;
            return `${scheme}://${login}${inParts(restored(rest), (part) => part)}`;
          }),
  };

  function translatedUser(user: string): string {
    return inParts(user, (part) => encodeURIComponent(part));
  }
}

/** Only the variable's value shows whether the address is one of RTSP. */
export function beginsWithVariable(address: string): boolean {
  return BEGINS_WITH_VARIABLE.test(address);
}

function unescaped(text: string): string {
  return text.replaceAll(ESCAPED_BRACE, (brace) => brace.charAt(0));
}

function variableName(camera: string): string {
  const name = camera.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
  return /^[A-Z]/.test(name) ? name : `CAMERA_${name}`;
}

/**
 * Lets a function work on a text in which words stand for the variables: a variable may be in a place of an address where
 * braces are not allowed.
 */
export function withVariables<Result>(
  text: string,
  work: (plain: string, restored: (part: string) => string) => Result,
): Result {
  const found = [...text.matchAll(VARIABLE)].map(([written]) => written);
  const plain = found.reduce((left, written, index) => left.replace(written, word(index)), text);
  const restored = (part: string) =>
    found.reduceRight((left, written, index) => left.replaceAll(word(index), () => written), part);
  return work(plain, restored);
}

/** Takes a port that is a variable out of an address: as a word, it would not be a valid port. */
function withoutPortVariable(plain: string): readonly [address: string, port: string | undefined] {
  const [, before = "", port] =
    /^([^:]+:\/\/(?:[^/?#]*@)?(?:\[[^\]]*\]|[^/?#@:]*)):(frigatevariable\d+x)(?=[/?#]|$)/.exec(plain) ?? [];
  return port === undefined ? [plain, undefined] : [before + plain.slice(`${before}:${port}`.length), port];
}

function word(index: number): string {
  return `frigatevariable${index}x`;
}

/**
 * Reads an address as ffmpeg and go2rtc do: the login ends at the last @ before the path. Encodes what would be ambiguous.
 * `rtspx` is go2rtc's name for RTSP over TLS.
 */
function normalAddress(text: string): string {
  const [, scheme, login, host, path = ""] =
    /^(rtsp[sx]?):\/\/(?:([^/?#]*)@)?([^@/?#]*)(.*)$/i.exec(text) ?? [];
  if (scheme === undefined || host === undefined) return text;
  const [, user = "", password] = /^([^:]*)(?::(.*))?$/s.exec(login ?? "") ?? [];
  const encoded = (part: string) => encodeURIComponent(decodedPart(part));
  const shownLogin =
    login === undefined ? "" : `${encoded(user)}${password === undefined ? "" : `:${encoded(password)}`}@`;
  const shownPath = path.trim().replaceAll("@", "%40").replaceAll(/\s/g, "%20");
  return `${scheme.toLowerCase().replace("x", "s")}://${shownLogin}${host}${shownPath}`;
}
