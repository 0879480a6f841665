// Renders docs/errors.md from the causes and their rules, so that the page cannot say anything else than the
// program does.

import { CAUSES } from '../../src/connection/cause-table.ts';
import { RENEWALS } from '../../src/connection/causes.ts';
import { FIRST_BUDGET } from '../../src/connection/policy.ts';
import { RULES, type RuleName } from '../../src/connection/rules.ts';
import { renderTable } from './markdown.ts';

/** The ends of contract § 2 that are no cause of a connection. */
const OTHER_ENDS: readonly (readonly [code: string, when: string, remedy: string])[] = [
  [
    '0',
    'the end that was asked for: `--limit` or `--duration` reached, or the reader of stdout went away',
    'None needed. A stream that was dropped never ends in 0 by itself.',
  ],
  ['1', 'a bug in `atlantis`', 'Run it again with `--verbose` for the stack, and report it.'],
  [
    '2',
    'a bad flag, value or URL, a stored key that would go to another origin, or no terminal to ask on',
    'The message names the flag, the value and what is accepted.',
  ],
  [
    '3',
    'no key, or something that cannot be one',
    'Store one with `atlantis profile add`, set `ATLANTIS_API_KEY`, or pipe it in with `--key-stdin`.',
  ],
  ['9', 'stdout or a file could not be written', 'Make room on the disk; the message names the fault.'],
  [
    '10',
    'the profile store is unreadable, corrupt, unsafe or locked',
    'The message names the file and the command that repairs it.',
  ],
  ['12', 'a gap, with `--fail-on-gap`', 'Events may be missing: fetch them another way.'],
  [
    '13',
    'connected, and no event for the time of `--max-silence`',
    'Check the subscriptions of the key, or allow more time.',
  ],
  ['124', '`--timeout` passed before the target was reached', 'Allow more time, or lower the `--limit`.'],
  [
    '129, 130, 143',
    'SIGHUP, SIGINT, SIGTERM: after an orderly end the process dies by that signal',
    'None needed.',
  ],
];

const KEY_PLACES: Readonly<Record<keyof typeof RENEWALS, string>> = {
  environment: '`ATLANTIS_API_KEY`',
  stdin: '`--key-stdin`',
  file: '`--key-file` or `ATLANTIS_API_KEY_FILE`',
  profile: 'a profile',
  command: 'the key command of a profile',
  keychain: 'a profile, with the key in the keychain',
  option: 'the option `key` of `stream()`',
};

type Verdict = (typeof RULES)[RuleName]['beforeFirstWelcome' | 'afterIt'];

const seconds = (ms: number): string => (ms < 60_000 ? `${ms / 1_000} s` : `${ms / 60_000} min`);

function describeVerdict(verdict: Verdict, isBeforeFirst: boolean): string {
  if (verdict === 'never') return 'ends';
  const budget = `within ${FIRST_BUDGET.attempts} attempts and ${FIRST_BUDGET.ms / 1_000} s`;
  if (verdict === 'retry') return isBeforeFirst ? `tries again, ${budget}` : 'tries again';
  if ('retries' in verdict) {
    const bound = `at most ${verdict.retries} times in ${seconds(verdict.withinMs)}`;
    return `tries again, ${bound}${isBeforeFirst ? `, ${budget}` : ''}`;
  }
  const which = 'upBelowMs' in verdict ? ` that was up for less than ${seconds(verdict.upBelowMs)}` : '';
  return `tries again; ends at number ${verdict.inARow} in a row${which}`;
}

/** `{host}` and the like as a reader sees them; the details in brackets are left out. */
function describe(text: string): string {
  return text
    .replace(/,? \(\{detail\}\)/, '')
    .replaceAll('{host}', '*host*')
    .replaceAll('{proxy}', '*proxy*')
    .replaceAll('{key}', 'the key')
    .replaceAll('{renew}', 'put a valid one in its place, see below')
    .replace(/--[a-z-]+(?: <\w+>)?|https?:\/\/|wss?:\/\/|\b[A-Z]+_[A-Z]+\b/g, '`$&`');
}

/** The whole page. */
export function renderErrorsDoc(): string {
  const causes = Object.entries(CAUSES)
    .map(([name, row]) => ({ name, ...row, ...RULES[row.rule] }))
    .sort((a, b) => a.exitCode - b.exitCode || a.rule.localeCompare(b.rule));
  const rows = causes.map((cause) => [
    String(cause.exitCode),
    `\`${cause.name}\``,
    describe(cause.happened),
    describe(cause.remedy),
    describeVerdict(cause.beforeFirstWelcome, true),
    describeVerdict(cause.afterIt, false),
  ]);
  return `# Errors

<!-- Written by \`UPDATE_DOCS=1 npm test -- causes\` from src/connection/cause-table.ts and rules.ts. -->

A run of \`atlantis\` ends with one of these codes. Flags, codes and the names of causes are stable: a script may
rely on them. With \`--log-format json\` the name of the cause is the field \`cause\`, the code is \`exit_code\`.

## Causes of a connection

What ended an attempt or a connection, what can be done about it, and what the tool does next: before the first
welcome of a run, when a mistake is likely, and after it, when an outage is. The code is that of the run if it
ends there. Between two attempts lie at least 250 ms, and never more than 20 begin in 60 s; \`--no-reconnect\` and
\`--max-reconnects\` end a run sooner, and so does a server that asks for a wait of more than 15 min, beyond
\`--timeout\`, or beyond the first 60 s of a run that was not welcomed yet.

${renderTable(['code', 'cause', 'what happened', 'what to do', 'before the first welcome', 'after it'], rows)}

## A key that is refused

The message names the place that the key came from; what to do depends on it. With \`--log-format json\` it is the
field \`key_source\`.

${renderTable(
  ['the key came from', 'what to do'],
  Object.entries(RENEWALS).map(([kind, words]) => [
    KEY_PLACES[kind as keyof typeof RENEWALS],
    words.replace('{profile}', '<name>'),
  ]),
)}

## Other ends

${renderTable(['code', 'when', 'what to do'], OTHER_ENDS)}
`;
}
