// Prompts on the terminal: questions on stderr, answers from stdin (contract O3), keys without echo (P1).
//
// The terminal mode is restored after an answer, Ctrl-C, a signal or an error.
import { CredentialError, UsageError } from '../../errors.ts';
import type { Io } from '../../io/io.ts';
import { ESCAPE_SEQUENCE } from '../../io/keyboard.ts';
import { KEY_FAULTS, sayKeyUnusable } from '../../io/messages.ts';
import type { EndSignal } from '../../io/signals.ts';
import { sayNoAnswer, sayNoTerminal } from './messages.ts';

/** Ctrl-Z: stop the process, and ask again when it continues. */
const SUSPEND = Symbol('suspend');

const MAX_ANSWER_LENGTH = 64 * 1024;

export type PromptAnswer = string | { readonly signal: EndSignal };

/** Returns the answer once it is complete. Throws to reject it. */
type ReadKeys = (typed: string) => PromptAnswer | typeof SUSPEND | undefined;

/** In cooked mode the terminal edits the line. */
function readCooked(): ReadKeys {
  let text = '';
  return (typed) => {
    text += typed;
    const end = text.indexOf('\n');
    return end < 0 ? undefined : text.slice(0, end);
  };
}

/** In raw mode the keys that edit a line are handled here. */
function readHidden(): ReadKeys {
  let text = '';
  return (typed) => {
    // Cursor and function keys are not part of an API key.
    const plain = typed.replace(ESCAPE_SEQUENCE, '');
    for (const [at, char] of [...plain].entries()) {
      if (char === '\x03') return { signal: 'SIGINT' };
      if (char === '\x1a') return SUSPEND;
      if (char === '\x04' && text === '') throw noAnswer();
      if (char === '\r' || char === '\n') {
        // Storing only the first line of a paste would store a wrong key.
        if ([...plain].slice(at).join('').trim() !== '') {
          throw new CredentialError(...sayKeyUnusable(undefined, KEY_FAULTS.lineBreak()));
        }
        return text;
      }
      if (char === '\x7f' || char === '\b') text = [...text].slice(0, -1).join('');
      else if (char === '\x15' || char === '\x17') text = '';
      else if (char >= ' ' || char === '\t') text += char;
    }
    if (text.length > MAX_ANSWER_LENGTH) {
      throw new CredentialError(...sayKeyUnusable(undefined, KEY_FAULTS.tooLong(MAX_ANSWER_LENGTH)));
    }
    return undefined;
  };
}

const noAnswer = (): UsageError => new UsageError(...sayNoAnswer());

interface Prompter {
  askLine(question: string): Promise<PromptAnswer>;
  askHidden(question: string): Promise<PromptAnswer>;
}

/** @param flags what to give instead of an answer */
export const noTerminal = (flags: readonly string[]): UsageError => new UsageError(...sayNoTerminal(flags));

export function canPrompt(io: Io): boolean {
  return io.isStdinTty && io.stderr.isTty;
}

/** @param flags what to give instead of an answer. @throws UsageError without a terminal */
export function createPrompter(io: Io, flags: string): Prompter {
  if (!canPrompt(io)) throw noTerminal([flags]);
  return {
    askLine: (question) => ask(io, question, readCooked),
    askHidden: (question) => ask(io, question, readHidden),
  };
}

async function ask(io: Io, question: string, createReader: () => ReadKeys): Promise<PromptAnswer> {
  const stdin = io.stdin();
  const isHidden = createReader === readHidden;
  const setHidden = (on: boolean): void => void (isHidden && stdin.setRawMode(on));
  let read = createReader();
  let finish = (): void => {};
  try {
    return await new Promise<PromptAnswer>((resolve, reject) => {
      const onData = (chunk: Buffer | string): void => {
        try {
          const answer = read(String(chunk));
          // A parent such as `npm start` must stop, too, so the signal goes to the whole process group.
          if (answer === SUSPEND) io.sendSignal(0, 'SIGTSTP');
          else if (answer !== undefined) resolve(answer);
        } catch (error) {
          reject(error);
        }
      };
      // A closed window means SIGHUP, even if the process does not receive it.
      const onEnd = (): void => {
        io.isTerminalGone().then(
          (isGone) => (isGone ? resolve({ signal: 'SIGHUP' }) : reject(noAnswer())),
          reject,
        );
      };
      const removeSignal = io.onSignal((signal) => resolve({ signal }));
      const begin = (): void => {
        read = createReader();
        // Before the question appears, so that no key press is echoed.
        setHidden(true);
        io.writeErrRaw(io.toDisplay(question));
      };
      const removeSuspend = io.onSuspend({
        before() {
          setHidden(false);
          io.writeErrRaw('\n');
        },
        after() {
          // The shell may have changed the mode. Node skips a mode that it believes to be set.
          setHidden(false);
          begin();
        },
      });
      finish = () => {
        removeSignal();
        removeSuspend();
        stdin.off('data', onData).off('end', onEnd);
        stdin.pause();
        setHidden(false);
        stdin.off('error', onEnd);
      };
      stdin.on('error', onEnd);
      begin();
      // A paused stream needs resume().
      stdin.on('data', onData).on('end', onEnd).resume();
    });
  } finally {
    finish();
    if (isHidden) io.writeErrRaw('\n');
  }
}
