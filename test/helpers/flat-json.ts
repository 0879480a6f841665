// A JSON text as a flat list of tokens, so that two of any depth can be compared: strings by value, all else as sent.
import { TOKEN } from './plain-json.ts';

/**
 * False where JSON.parse takes one escaped key for another, as Node 24 and 26 do once they have met certain
 * keys (https://github.com/nodejs/node/issues/63785): there it cannot be used for texts with escapes.
 */
export const isParseReliable = ((): boolean => {
  JSON.parse('{"h":[],"\\\\":0}');
  return Object.keys(JSON.parse('{"h":1,"\\"":2}') as object)[1] === '"';
})();

/** Tokens in the order of the text; keys and strings are respelled alike. */
export function flattenJson(text: string): string[] {
  return Array.from(text.matchAll(TOKEN), ([token]) =>
    token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : token,
  );
}
