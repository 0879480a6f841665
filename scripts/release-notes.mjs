// The section of CHANGELOG.md about a version: `node scripts/release-notes.mjs v1.2.3` prints it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');

/** @returns undefined if there is no such section, or it is empty */
export function readReleaseNotes(version) {
  const sections = readFileSync(resolve(root, 'CHANGELOG.md'), 'utf8').split(/^## /m).slice(1);
  const section = sections.find((one) => one.startsWith(`[${version}]`));
  return section?.slice(section.indexOf('\n')).trim() || undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , tag = ''] = process.argv;
  const notes = readReleaseNotes(tag.replace(/^v/, ''));
  if (notes === undefined) {
    console.error(`CHANGELOG.md has no section ## [${tag.replace(/^v/, '')}]`);
    process.exitCode = 1;
  } else {
    console.log(notes);
  }
}
