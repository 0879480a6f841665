// The roots that --ca-cert adds: to the others, never instead of them, and never in silence none.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../src/errors.ts';
import { listTrustedRoots, readCaFile } from '../../src/settings/certificates.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';

const [PEM = '', OTHER_PEM = ''] = rootCertificates;

function writePem(content: string): string {
  const path = join(makeTempFolder(), 'ca.pem');
  writeFileSync(path, content);
  return path;
}

async function refusalOf(path: string): Promise<UsageError> {
  try {
    await readCaFile(path);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** The roots with --ca-cert, and NODE_EXTRA_CA_CERTS where given. */
const rootsWith = async (path: string, extraPath?: string): Promise<readonly string[]> =>
  listTrustedRoots([await readCaFile(path)], { NODE_EXTRA_CA_CERTS: extraPath });

describe('--ca-cert', () => {
  test('the built-in roots stay, those of the file are added', async () => {
    const roots = await rootsWith(writePem(PEM));
    expect(roots.slice(0, -1)).toEqual([...rootCertificates]);
    expect(roots.at(-1)).toBe(PEM);
  });

  test('those of NODE_EXTRA_CA_CERTS stay too; a file that cannot be read or has no end is left out', async () => {
    const extra = writePem(OTHER_PEM);
    const roots = await rootsWith(writePem(PEM), extra);
    expect(roots.slice(-2)).toEqual([OTHER_PEM, PEM]);
    for (const none of ['', '/nonexistent/extra.pem', '/dev/zero']) {
      expect(await rootsWith(writePem(PEM), none)).toHaveLength(rootCertificates.length + 1);
    }
  });

  test('a bundle, with words between and Windows line ends', async () => {
    const bundle = `# The first\n${PEM}\n\nAnd another:\n${OTHER_PEM}\n`.replaceAll('\n', '\r\n');
    expect((await rootsWith(writePem(bundle))).at(-1)).toBe(bundle);
  });

  test.each([
    ['no certificate', '', 'contains no certificate'],
    ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'contains no certificate'],
    ['DER', '\x30\x82\x05', 'contains no certificate'],
    [
      'words where the certificate should be',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'is damaged at certificate 1',
    ],
    ['half of one', PEM.slice(0, PEM.length / 2), 'is damaged at certificate 1'],
    [
      'a damaged second one',
      `${PEM}\n${OTHER_PEM.slice(0, 200)}\n-----END CERTIFICATE-----\n`,
      'is damaged at certificate 2',
    ],
  ])('a file with %s is refused', async (_, content, words) => {
    const path = writePem(content);
    const { message, hint, exitCode } = await refusalOf(path);
    expect(exitCode).toBe(2);
    expect(message).toBe(`--ca-cert "${path}" ${words}`);
    expect(hint).toBe('accepted: PEM certificates');
  });

  test('a file that cannot be read is refused with its name and why', async () => {
    expect((await refusalOf('/nonexistent/ca.pem')).message).toBe(
      '--ca-cert "/nonexistent/ca.pem" cannot be read (ENOENT)',
    );
    expect((await refusalOf(makeTempFolder())).message).toContain('cannot be read (EISDIR)');
  });
});
