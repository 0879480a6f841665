// What is typed at a prompt, taken together to an answer: no terminal, no streams.
//
// For a hidden answer the terminal is in raw mode, where every key arrives by itself.
import { CredentialError, UsageError } from '../../errors.ts';
import type { EndSignal } from '../../io/io.ts';

/** Ctrl-Z was typed: the process is to be stopped, and asked again after. */
export const SUSPEND = Symbol('suspend');

const MAX_ANSWER_LENGTH = 64 * 1024;

/** Takes what was typed or pasted; returns the whole answer once it is complete. Throws to refuse it. */
export type Reader = (typed: string) => string | { readonly signal: EndSignal } | typeof SUSPEND | undefined;

/** The terminal edits the line itself, and hands it over whole. */
export function readCooked(): Reader {
  let text = '';
  return (typed) => {
    text += typed;
    const end = text.indexOf('\n');
    return end < 0 ? undefined : text.slice(0, end);
  };
}

/** In raw mode every key arrives by itself: the few that edit a line are handled here. */
export function readHidden(): Reader {
  let text = '';
  return (typed) => {
    // A cursor or function key sends an escape sequence (ECMA-48 § 5.4), which is no part of a key.
    const plain = typed.replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?/g, '');
    for (const [at, char] of [...plain].entries()) {
      if (char === '\x03') return { signal: 'SIGINT' };
      if (char === '\x1a') return SUSPEND;
      if (char === '\x04' && text === '') throw noAnswer();
      if (char === '\r' || char === '\n') {
        // Answering with the first line of several would store a part of what was meant.
        if ([...plain].slice(at).join('').trim() !== '') {
          throw new CredentialError('the key cannot be used: it has a line break inside');
        }
        return text;
      }
      if (char === '\x7f' || char === '\b') text = [...text].slice(0, -1).join('');
      else if (char === '\x15' || char === '\x17') text = '';
      else if (char >= ' ' || char === '\t') text += char;
    }
    if (text.length > MAX_ANSWER_LENGTH) throw new CredentialError('the key cannot be used: it is too long');
    return undefined;
  };
}

export const noAnswer = (): UsageError => new UsageError('no answer was given');
