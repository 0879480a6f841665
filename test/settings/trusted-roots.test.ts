// The roots that --ca-cert adds to the others, never replacing them; a file without certificates is an error.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../src/errors.ts';
import { listAddedRoots, readCaFile, readGivenRoots } from '../../src/settings/certificates.ts';
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

describe('--ca-cert', () => {
  test('row 94: is added, as is SSL_CERT_FILE; an SSL_CERT_FILE that cannot be used is skipped, as OpenSSL does', async () => {
    const given = [await readCaFile(writePem(PEM))];
    expect(await listAddedRoots(given, {})).toEqual([PEM]);
    const other = writePem(OTHER_PEM);
    expect(await listAddedRoots(given, { SSL_CERT_FILE: other })).toEqual([PEM, OTHER_PEM]);
    expect(await listAddedRoots(given, { NODE_EXTRA_CA_CERTS: other })).toEqual([PEM, OTHER_PEM]);
    // Without other roots, Node reads NODE_EXTRA_CA_CERTS itself.
    expect(await listAddedRoots([], { NODE_EXTRA_CA_CERTS: other })).toBeUndefined();
    for (const none of ['', '/nonexistent/extra.pem', writePem('not a certificate'), '/dev/zero']) {
      expect(await listAddedRoots([], { SSL_CERT_FILE: none })).toBeUndefined();
    }
  });

  test('row 94: --system-ca adds the roots of this system', async () => {
    const roots = await readGivenRoots({ caCert: writePem(PEM), useSystemCa: true });
    expect(roots[0]).toBe(PEM);
    expect(roots.slice(1).join('\n')).toContain('-----BEGIN CERTIFICATE-----');
  });

  test('a bundle may have text between certificates and Windows line ends', async () => {
    const bundle = `# The first\n${PEM}\n\nAnd another:\n${OTHER_PEM}\n`.replaceAll('\n', '\r\n');
    expect(await readCaFile(writePem(bundle))).toBe(bundle);
  });

  test.each([
    ['no certificate', '', 'contains no certificate'],
    ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'contains no certificate'],
    ['DER', '\x30\x82\x05', 'contains no certificate'],
    [
      'text instead of a certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'is damaged at certificate 1',
    ],
    ['half a certificate', PEM.slice(0, PEM.length / 2), 'is damaged at certificate 1'],
    [
      'a damaged second certificate',
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

  test('a file that cannot be read is refused with its name and the reason', async () => {
    expect((await refusalOf('/nonexistent/ca.pem')).message).toBe(
      '--ca-cert "/nonexistent/ca.pem" cannot be read: it does not exist (ENOENT)',
    );
    expect((await refusalOf(makeTempFolder())).message).toContain(
      'cannot be read: it is a directory (EISDIR)',
    );
  });
});
