// A JSON tree as a flat list of tokens, so that two of any depth can be compared: brackets, keys and strings
// by value, numbers by their source text.
import { decodeString } from '../../src/protocol/json-string.ts';
import type { JsonNode } from './json-tree.ts';

/**
 * False where JSON.parse takes one escaped key for another, as Node 24 and 26 do once they have met certain
 * keys (https://github.com/nodejs/node/issues/63785): there it is no measure for texts with escapes.
 */
export const isParseReliable = ((): boolean => {
  JSON.parse('{"h":[],"\\\\":0}');
  return Object.keys(JSON.parse('{"h":1,"\\"":2}') as object)[1] === '"';
})();

// Looking up a global is slow under jest, and this is called a few million times.
const { stringify } = JSON;

/** Tokens in the order of the text; keys and strings are JSON-encoded and marked `key` or `string`. */
export function flattenJson(root: JsonNode): string[] {
  const tokens: string[] = [];
  const pending: (JsonNode | string)[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next === 'string') tokens.push(next);
    else if (next.kind === 'string') tokens.push(`string ${stringify(decodeString(next.raw))}`);
    else if (next.kind === 'array') {
      tokens.push('[');
      pending.push(']');
      for (let i = next.items.length - 1; i >= 0; i--) pending.push(next.items[i] ?? 'missing');
    } else if (next.kind === 'object') {
      tokens.push('{');
      pending.push('}');
      for (let i = next.keys.length - 1; i >= 0; i--) {
        pending.push(next.values[i] ?? 'missing', `key ${stringify(next.keys[i])}`);
      }
    } else tokens.push(next.raw);
  }
  return tokens;
}
