// The packages that are bundled: their licenses, which have to be shipped with their code, and a list of them for
// scanners of vulnerabilities (CycloneDX). Packages with the same license text are grouped under it, with their
// copyright lines.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const COPYRIGHT = /^[ \t]*(?:\(c\)|©|Copyright\b(?! (?:notice|holder|owner|license))).*$/gim;

/**
 * @param inputs paths of source files, from esbuild's metafiles
 * @throws Error for a package without a license
 */
export function listPackages(root, inputs) {
  const directories = new Set();
  for (const input of inputs) {
    const [directory] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
    if (directory !== undefined) directories.add(directory);
  }
  return [...directories].sort().map((directory) => {
    const { name, version, license } = JSON.parse(
      readFileSync(resolve(root, directory, 'package.json'), 'utf8'),
    );
    const file = readdirSync(resolve(root, directory)).find((one) =>
      /^licen[cs]e(?:\.(?:md|txt))?$/i.test(one),
    );
    if (file === undefined && license === undefined) throw new Error(`${name} has no license`);
    const text = file === undefined ? '' : readFileSync(resolve(root, directory, file), 'utf8').trim();
    return { name, version, license, text };
  });
}

/** The text of dist/THIRD-PARTY-LICENSES.txt. */
export function formatLicenses(packages) {
  const groups = new Map();
  for (const { name, version, license, text: whole } of packages) {
    const owners = (whole.match(COPYRIGHT) ?? []).map((line) => line.trim());
    // Most texts differ only in line breaks and owners.
    const text = whole
      .replace(COPYRIGHT, '')
      .replace(/^#+.*$|^.*MIT License.*$/gim, '')
      .replace(/\s+/g, ' ')
      .trim();
    const group = groups.get(text) ?? { license, packages: [], whole: whole.replace(COPYRIGHT, '').trim() };
    group.packages.push([`${name} ${version}`, ...owners].join('\n  '));
    groups.set(text, group);
  }
  return [...groups.values()]
    .map(({ license, packages, whole }) => `${packages.join('\n')}\n\n${whole || `License: ${license}`}\n`)
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/** The text of dist/sbom.cdx.json: CycloneDX 1.6, without a serial number and a time, so that builds are identical. */
export function formatSbom({ name, version, license }, packages) {
  const describe = (one) => ({
    name: one.name,
    version: one.version,
    'bom-ref': `pkg:npm/${one.name.replace('@', '%40')}@${one.version}`,
    purl: `pkg:npm/${one.name.replace('@', '%40')}@${one.version}`,
    licenses: [{ license: { id: one.license } }],
  });
  const unique = new Map(packages.map((one) => [`${one.name}@${one.version}`, one]));
  const sbom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', ...describe({ name, version, license }) } },
    components: [...unique.values()].map((one) => ({ type: 'library', ...describe(one) })),
  };
  return `${JSON.stringify(sbom)}\n`;
}
