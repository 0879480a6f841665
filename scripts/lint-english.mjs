// Reports phrases that read as translated, and what to write instead: node scripts/lint-english.mjs [path ...]
//
// A line that must keep such a phrase (test data, a third party's name) contains the word `english-ok`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Phrases and their replacements. */
const RULES = [
  [/(?<!\bthere )\b(is|are|was|were|it's) no\b(?! (longer|more)\b)/i, '"is not a"'],
  [/\bso many\b/i, 'the number itself: "n", "this many", "up to n"'],
  [/\bhow manyth\b/i, '"position", "number"'],
  [/\b(whoever|whomever|whosever)\b/i, 'the component or person: "the caller", "the user"'],
  [/\b(somebody|nobody|everybody)\b/i, 'the component or person: "another user", "no client"'],
  [/\bstands?\b(?!-|s?in\b|[ -](alone|in)\b)/i, '"is", "is at", "follows"'],
  [/\b(told|tells?|telling)\b/i, '"report", "notify", "say"'],
  [/\b(go|goes|going|went|gone) on\b/i, '"continue", "resume"'],
  [/\bin the words of\b/i, '"with the message of"'],
  [
    /(?<!\bleav(?:es?|ing)\b.*)\bbehind\b(?! (a|an|the|your|that|its|another|no|nginx|NAT|TLS)\b.*(prox|balancer|firewall|NAT|nginx|gateway))/i,
    '"after"',
  ],
  [/\bbesides\b/i, '"in addition", "also"'],
  [/\b(anew|afresh)\b/i, '"again", "from the start"'],
  [/\bfor ever\b/i, '"forever", "without limit"'],
  [/\bof (no|any) use\b/i, '"useless", "helps"'],
  [/\bends? with (code )?\d/i, '"exits n", "exit n"'],
  [/\btyping errors?\b/i, '"typo"'],
  [/\b(colour|behaviour|honour|favour|neighbour|licence|catalogue|grey)\w*/i, 'American spelling'],
  [
    /\b\w*(recogni|organi|initiali|seriali|normali|summari|optimi|minimi|maximi|authori)s(e[sdr]?|ing|ation)\b/i,
    'American spelling',
  ],
  [/\b(came|comes|come) of (it|that|this)\b/i, '"the result"'],
  [/\bfinds? (no )?room\b/i, '"fits", "does not fit"'],
  [/\bthe long way\b/i, '"the slow path"'],
  [/\bis meant\b(?! for\b)/i, '"means"'],
];

const paths = process.argv.slice(2);
const files = execFileSync('git', ['ls-files', ...(paths.length > 0 ? paths : ['.'])], { encoding: 'utf8' })
  .split('\n')
  .filter(
    (file) =>
      /\.(ts|mjs|cjs|md|1|py|json)$/.test(file) &&
      !/zh-TW|package-lock|lint-english|bench\/results/.test(file),
  );

let found = 0;
for (const file of files) {
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (line.includes('english-ok')) continue;
    for (const [phrase, instead] of RULES) {
      const match = phrase.exec(line);
      if (match === null) continue;
      found += 1;
      process.stdout.write(`${file}:${index + 1}: "${match[0]}": write ${instead}\n    ${line.trim()}\n`);
    }
  }
}
if (found > 0) {
  process.stdout.write(`${found} phrases to rewrite; a line that must keep one carries "english-ok"\n`);
  process.exitCode = 1;
}
