// Renders docs/errors.md from the causes and their rules, so that the page always matches the program.

import { CAUSES, type RuleName } from '../../src/connection/cause-table.ts';
import { FIRST_BUDGET } from '../../src/connection/config.ts';
import { RENEWALS } from '../../src/connection/messages.ts';
import { RULES } from '../../src/connection/retry-policy.ts';
import { renderTable } from './markdown.ts';

/** Ends of contract § 2 that no connection failure causes. */
const OTHER_ENDS: readonly (readonly [code: string, when: string, remedy: string])[] = [
  [
    '0',
    'stopped as requested: `--limit` or `--duration` reached, stdout closed by its reader, or check passed',
    'nothing to do; a lost stream is never exit 0',
  ],
  ['1', 'a bug in `atlantis`', 'run it again with `--verbose` for the stack trace, and report it'],
  [
    '2',
    'an invalid flag, value or URL, a stored key that would be sent to another origin, or a prompt without a terminal',
    'the message names the flag, the value and what is accepted',
  ],
  [
    '3',
    'no key, or a malformed one',
    'store one with `atlantis profile add`, set `ATLANTIS_API_KEY`, or pipe it in with `--key-stdin`',
  ],
  [
    '8',
    'a damaged file, with `replay --strict`, `relay --redeliver` or `relay --inspect`; in a check, events but no pong',
    'the message names the line or the segment; for a missing pong, allow more time with `--pong-timeout`',
  ],
  [
    '9',
    'stdout or a file could not be written',
    'the message names the error and what to do, such as freeing disk space',
  ],
  [
    '10',
    'the profile store cannot be read or changed, is damaged, unsafe or locked',
    'the message names the file and the command that repairs it',
  ],
  ['12', 'a gap, with `--fail-on-gap`', 'events may be missing: fetch them from another source'],
  [
    '13',
    'no event for `--max-silence` while connected',
    'check the subscriptions of the key, or allow more time',
  ],
  [
    '14',
    'a relay ended as requested, but not every event was delivered',
    'see the summary; restart it with the same `--spool`, or add `--spool` if events were lost',
  ],
  [
    '124',
    '`--timeout` expired; in a check, `--deadline` expired or `--expect` was not met',
    'allow more time, lower `--limit`, or see in the report of the check what arrived',
  ],
  [
    '129, 130, 143',
    'SIGHUP, SIGINT, SIGTERM: after a clean shutdown, the process is terminated by that signal',
    'nothing to do',
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

type Verdict = (typeof RULES)[RuleName]['beforeFirstWelcome' | 'afterFirstWelcome'];

const seconds = (ms: number): string => (ms < 60_000 ? `${ms / 1_000} s` : `${ms / 60_000} min`);

function describeVerdict(verdict: Verdict, isBeforeFirst: boolean): string {
  if (verdict === 'never') return 'ends';
  const budget = `within ${FIRST_BUDGET.attempts} attempts and ${FIRST_BUDGET.ms / 1_000} s`;
  if (verdict === 'retry') return isBeforeFirst ? `retries, ${budget}` : 'retries';
  if ('retries' in verdict) {
    const bound = `at most ${verdict.retries} times in ${seconds(verdict.withinMs)}`;
    return `retries, ${bound}${isBeforeFirst ? `, ${budget}` : ''}`;
  }
  const which = 'upBelowMs' in verdict ? ` that were up for less than ${seconds(verdict.upBelowMs)}` : '';
  return `retries; ends after ${verdict.inARow} in a row${which}`;
}

/** Placeholders as a reader sees them, without the details in brackets. */
function describe(text: string): string {
  return text
    .replace(/,? \(\{detail\}\)/, '')
    .replaceAll('{host}', '*host*')
    .replaceAll('{proxy}', '*proxy*')
    .replaceAll('{key}', 'the key')
    .replaceAll('{url}', 'the URL')
    .replaceAll('{renew}', 'replace it, see below')
    .replace(/`[^`]+`|--[a-z-]+(?: <\w+>)?|https?:\/\/|wss?:\/\/|\b[A-Z]+_[A-Z]+\b/g, (code) =>
      code.startsWith('`') ? code : `\`${code}\``,
    );
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
    describeVerdict(cause.afterFirstWelcome, false),
  ]);
  return `# Errors

<!-- Written by \`UPDATE_DOCS=1 npm test -- cause-table\` from src/connection/cause-table.ts and retry-policy.ts. -->

A run of \`atlantis\` ends with one of the exit codes on this page. Flags, codes and the names of causes are stable, so
scripts can rely on them. With \`--log-format json\` the cause is in the field \`cause\`, the code in \`exit_code\`.

## Why a connection failed or ended

Each row says what ended an attempt or a connection, what you can do about it, and what \`atlantis\` does next. Before
the first welcome of a run, the usual cause is a mistake, so the command gives up soon. After it, the usual cause is
an outage, so the command retries for longer. The code is the exit code if the run ends there. Attempts are at least
250 ms apart, and at most 20 begin in 60 s. With \`--no-reconnect\`, a run ends at the first failure. It also ends
after \`--max-reconnects\` retries, or if the server asks for a delay that is too long: more than 15 min, past
\`--timeout\` or, before the first welcome, past the first 60 s of the run. \`--max-reconnects\`, \`--timeout\` and
\`--wait\` replace the limits before the first welcome.

${renderTable(['code', 'cause', 'what happened', 'what to do', 'before the first welcome', 'after the first welcome'], rows)}

## A rejected key

The message names the source of the key, and what to do depends on it. With \`--log-format json\` the source is in
the field \`key_source\`.

${renderTable(
  ['the key came from', 'what to do'],
  Object.entries(RENEWALS).map(([kind, renewal]) => [
    KEY_PLACES[kind as keyof typeof RENEWALS],
    renewal.replace('{profile}', '<name>'),
  ]),
)}

## Other exit codes

${renderTable(['code', 'when', 'what to do'], OTHER_ENDS)}
`;
}
