// Validates XML with the `xmllint` command (apt package libxml2-utils); skip by name with `hasXmllint()`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './run-cli.ts';

const JUNIT_XSD = join(ROOT, 'test/commands/check/junit.xsd');

/** True where the command can be run. */
export function hasXmllint(): boolean {
  return spawnSync('xmllint', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** What is wrong with a JUnit report by the strict schema; empty when nothing is. */
export function findJunitFaults(xml: string): string {
  const args = ['--noout', '--nonet', '--schema', JUNIT_XSD, '-'];
  const { status, stderr } = spawnSync('xmllint', args, { input: xml, encoding: 'utf8' });
  return status === 0 ? '' : stderr;
}

/** The text that a reader of the XML sees at an XPath. */
export function readXPath(xml: string, path: string): string {
  const { stdout } = spawnSync('xmllint', ['--nonet', '--xpath', `string(${path})`, '-'], {
    input: xml,
    encoding: 'utf8',
  });
  return stdout.replace(/\n$/, '');
}
