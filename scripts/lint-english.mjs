// Reports phrases that read as translated, and what to write instead: node scripts/lint-english.mjs [path ...]
// With `-` instead of paths it reads stdin. A phrase may continue on the next line.
//
// A line that must keep such a phrase (test data, a third party's name) contains the word `english-ok`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Phrases and their replacements. test/lint-english.test.ts has an example of each. */
const RULES = [
  [/(?<!\bthere )\b(is|are|was|were|it's) no\b(?! (longer|more)\b)/i, '"is not a"'],
  [/\b(so many|(for|since) so long)\b/i, 'the number itself: "n", "this many", "up to n"'],
  [/\bhow manyth\b/i, '"position", "number"'],
  [/\b(whoever|whomever|whosever)\b/i, 'the component or person: "the caller", "the user"'],
  [/\b(somebody|nobody|everybody)\b/i, 'the component or person: "another user", "no client"'],
  [/\bstands?\b(?!-ins?\b|[ -]alone\b)/i, '"is", "is at", "follows"'],
  [/\b(told|tells?|telling)\b/i, '"report", "notify", "say"'],
  [/\b(go|goes|going|went|gone) on\b/i, '"continue", "resume"'],
  [/\bin the words of\b|\b(has|with|of) (its|their) words\b|\blast words\b/i, '"message"'],
  [/\bof who\b/i, '"the owner", "the sender"'],
  [/\bweightie(r|st)\b/i, '"of higher priority", "the highest-priority"'],
  [
    /(?<!\bleav(?:es?|ing)\b.*)\bbehind\b(?! (a|an|the|your|that|its|another|no|nginx|NAT|TLS)\b.*(prox|balancer|firewall|NAT|nginx|gateway))/i,
    '"after"',
  ],
  [/\bbesides\b/i, '"in addition", "also"'],
  [/\b(anew|afresh)\b/i, '"again", "from the start"'],
  [/\bfor ever\b/i, '"forever", "without limit"'],
  [/\bof (no|any) use\b/i, '"useless", "helps"'],
  [/\bend(s|ed)? (with|in) (code )?\d/i, '"exits n", "exit n"'],
  [/\btyping errors?\b/i, '"typo"'],
  [/\b(colour|behaviour|honour|favour|neighbour|licence|catalogue|grey)\w*/i, 'American spelling'],
  [
    /\b\w*(recogni|organi|initiali|seriali|normali|summari|optimi|minimi|maximi|authori)s(e[sdr]?|ing|ation)\b/i,
    'American spelling',
  ],
  [/\b((cancel|label|travel|signal)l(ed|ing)|centre|analyse[ds]?|programme)\b/i, 'American spelling'],
  [/\b(came|comes|come) of (it|that|this)\b/i, '"the result"'],
  [/\b(finds?|found) (no )?room\b/i, '"fits", "does not fit"'],
  [/\bthe long way\b/i, '"the slow path"'],
  [/\bis meant\b(?! for\b)/i, '"means"'],
];

const EXTENSIONS = /\.(ts|mjs|cjs|md|1|py|json|ya?ml|service)$|^\.ci\/|Dockerfile$/;
const EXEMPT = /zh-TW|package-lock|lint-english|bench\/results/;

/** What a line of a comment or of a Markdown list begins with. */
const LINE_START = /^\s*(?:\/\/|\/?\*+|#+|[-*>])?\s*/;

const paths = process.argv.slice(2);
const isStdin = paths.length === 1 && paths[0] === '-';
const files = isStdin
  ? ['-']
  : execFileSync('git', ['ls-files', ...(paths.length > 0 ? paths : ['.'])], { encoding: 'utf8' })
      .split('\n')
      .filter((file) => EXTENSIONS.test(file) && !EXEMPT.test(file));

let found = 0;
for (const file of files) {
  const lines = readFileSync(isStdin ? 0 : file, 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.includes('english-ok')) continue;
    const next = lines[index + 1] ?? '';
    const text = next.includes('english-ok') ? line : `${line.trimEnd()} ${next.replace(LINE_START, '')}`;
    for (const [phrase, instead] of RULES) {
      const match = phrase.exec(text);
      if (match === null || match.index >= line.trimEnd().length) continue;
      found += 1;
      process.stdout.write(`${file}:${index + 1}: "${match[0]}": write ${instead}\n    ${line.trim()}\n`);
    }
  }
}
if (found > 0) {
  process.stdout.write(
    `${found} phrases to rewrite; if a line must keep its phrase, add the comment "english-ok" to it\n`,
  );
  process.exitCode = 1;
}
