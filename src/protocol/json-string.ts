// The value of a JSON string.

/**
 * From its source text with quotes. (JSON.parse is at fault with escaped keys of an object in Node 24 and 26,
 * https://github.com/nodejs/node/issues/63785, but not with a string alone.)
 */
export function decodeString(raw: string): string {
  return raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
}
