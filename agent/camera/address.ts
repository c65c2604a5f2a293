/**
 * Any text with the password of every address in it (`scheme://user:password@host`) replaced by `***`.
 * Everything that is logged, thrown or printed about a stream goes through here first.
 */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)([^\s/?#@:]*):[^\s]*@/gi, "$1$2:***@");
}
