// Collects the licenses of all bundled packages, as the licenses require. Packages with the same license text
// are grouped under it, with their copyright lines.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const COPYRIGHT = /^[ \t]*(?:\(c\)|©|Copyright\b(?! (?:notice|holder|owner|license))).*$/gim;

/**
 * @param inputs paths of source files, from esbuild's metafiles
 * @throws Error for a package without a license
 */
export function collectLicenses(root, inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
    if (folder !== undefined) folders.add(folder);
  }
  const texts = new Map();
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(
      readFileSync(resolve(root, folder, 'package.json'), 'utf8'),
    );
    const file = readdirSync(resolve(root, folder)).find((one) => /^licen[cs]e(?:\.(?:md|txt))?$/i.test(one));
    if (file === undefined && license === undefined) throw new Error(`${name} has no license`);
    const whole = file === undefined ? '' : readFileSync(resolve(root, folder, file), 'utf8').trim();
    const owners = (whole.match(COPYRIGHT) ?? []).map((line) => line.trim());
    // Most texts differ only in line breaks and owners.
    const text = whole
      .replace(COPYRIGHT, '')
      .replace(/^#+.*$|^.*MIT License.*$/gim, '')
      .replace(/\s+/g, ' ')
      .trim();
    const group = texts.get(text) ?? { license, packages: [], whole: whole.replace(COPYRIGHT, '').trim() };
    group.packages.push([`${name} ${version}`, ...owners].join('\n  '));
    texts.set(text, group);
  }
  return [...texts.values()]
    .map(({ license, packages, whole }) => `${packages.join('\n')}\n\n${whole || `License: ${license}`}\n`)
    .join(`\n${'-'.repeat(80)}\n\n`);
}
