// Asks on the terminal: questions on stderr, answers from stdin (contract O3), keys without echo (P1).
//
// However a question ends, by an answer, Ctrl-C, a signal or an error, the terminal is as it was before.
import { CredentialError, UsageError } from '../../errors.ts';
import type { EndSignal, Io } from '../../io/io.ts';

/** Ctrl-Z was typed: the process is to be stopped, and asked again after. */
const SUSPEND = Symbol('suspend');

const MAX_ANSWER_LENGTH = 64 * 1024;

/** Takes what was typed or pasted; returns the whole answer once it is complete. Throws to refuse it. */
export type Reader = (typed: string) => string | { readonly signal: EndSignal } | typeof SUSPEND | undefined;

/** The terminal edits the line itself, and hands it over whole. */
function readCooked(): Reader {
  let text = '';
  return (typed) => {
    text += typed;
    const end = text.indexOf('\n');
    return end < 0 ? undefined : text.slice(0, end);
  };
}

/** In raw mode every key arrives by itself: the few that edit a line are handled here. */
function readHidden(): Reader {
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

const noAnswer = (): UsageError => new UsageError('no answer was given');

/** An answer, or the signal that ended the question. */
export type Answer = string | { readonly signal: EndSignal };

interface Prompter {
  /** Asks for a line that is shown while it is typed. */
  askLine(question: string): Promise<Answer>;
  /** Asks for a line that is not shown. */
  askHidden(question: string): Promise<Answer>;
}

/** True if there is someone to ask: both the questions and the answers are on a terminal. */
export function canPrompt(io: Io): boolean {
  return io.isStdinTty && io.stderr.isTty;
}

/**
 * A prompter for the terminal.
 *
 * @param flags what to give instead where there is no terminal, for the message.
 * @throws UsageError without a terminal: a question there would hang.
 */
export function createPrompter(io: Io, flags: string): Prompter {
  if (!canPrompt(io)) throw new UsageError('there is no terminal to ask on', `give ${flags}`);
  return {
    askLine: (question) => ask(io, question, readCooked),
    askHidden: (question) => ask(io, question, readHidden),
  };
}

async function ask(io: Io, question: string, createReader: () => Reader): Promise<Answer> {
  const stdin = io.stdin();
  const isHidden = createReader === readHidden;
  const setHidden = (on: boolean): void => void (isHidden && stdin.setRawMode(on));
  let read = createReader();
  let finish = (): void => {};
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const onData = (chunk: Buffer | string): void => {
        try {
          const answer = read(String(chunk));
          // The whole group, as the terminal would do it: `npm start` in front of this is stopped, too.
          if (answer === SUSPEND) io.sendSignal(0, 'SIGTSTP');
          else if (answer !== undefined) resolve(answer);
        } catch (error) {
          reject(error);
        }
      };
      // A window that was closed is an end by SIGHUP, also for a process that is not sent one.
      const onEnd = (): void => {
        io.isTerminalGone().then(
          (isGone) => (isGone ? resolve({ signal: 'SIGHUP' }) : reject(noAnswer())),
          reject,
        );
      };
      const removeSignal = io.onSignal((signal) => resolve({ signal }));
      const begin = (): void => {
        read = createReader();
        // Echo goes off before the question is seen: nobody types a key that is shown.
        setHidden(true);
        io.writeErrRaw(io.toDisplay(question));
      };
      const removeSuspend = io.onSuspend({
        before() {
          setHidden(false);
          io.writeErrRaw('\n');
        },
        after() {
          // The shell has set the terminal for itself, which nobody told Node: off is what it now is.
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
      // After a pause a listener alone does not start it again.
      stdin.on('data', onData).on('end', onEnd).resume();
    });
  } finally {
    finish();
    if (isHidden) io.writeErrRaw('\n');
  }
}
