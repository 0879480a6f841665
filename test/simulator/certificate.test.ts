// The simulator's certificate, as OpenSSL and Node read it.
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseAddress } from '../../src/connection/dial/address.ts';
import { makeCertificate, objectIdentifier, time } from '../../src/simulator/certificate.ts';
import { hasOpenssl } from '../helpers/certificates.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';

describe('a certificate', () => {
  test('is its own root, for a month, for loopback and the host', () => {
    const { cert, key } = makeCertificate('simulator.example');
    const read = new X509Certificate(cert);
    expect(read.subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:simulator.example',
    );
    expect([read.subject, read.issuer]).toEqual(['CN=atlantis simulator', 'CN=atlantis simulator']);
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(read.ca).toBe(true);
    const nowMs = Date.now();
    expect(Date.parse(read.validFrom)).toBeLessThan(nowMs);
    expect(Date.parse(read.validTo) - nowMs).toBeGreaterThan(29 * 86_400_000);
    expect(new X509Certificate(makeCertificate('x').cert).serialNumber).not.toBe(read.serialNumber);
  });

  test('for the host 0.0.0.0 has the addresses of the machine, each once', () => {
    const { subjectAltName = '' } = new X509Certificate(makeCertificate('0.0.0.0').cert);
    expect(subjectAltName.match(/IP Address:127\.0\.0\.1/g)).toHaveLength(1);
  });

  (hasOpenssl() ? test : test.skip)('passes openssl verify (needs openssl)', () => {
    const folder = makeTempFolder();
    for (let i = 0; i < 20; i += 1) {
      const file = join(folder, `${i}.pem`);
      writeFileSync(file, makeCertificate('localhost').cert);
      const purpose = ['-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'localhost'];
      const output = execFileSync('openssl', ['verify', ...purpose, '-CAfile', file, file], {
        encoding: 'utf8',
      });
      expect(output).toBe(`${file}: OK\n`);
    }
  });
});

test.each([
  ['127.0.0.1', '7f000001'],
  ['::', '00'.repeat(16)],
  ['::1', `${'00'.repeat(15)}01`],
  ['2001:db8::ff00:42:8329', '20010db8000000000000ff0000428329'],
  ['fe80::1%eth0', `fe80${'00'.repeat(13)}01`],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['::ffff:192.0.2.1', `${'00'.repeat(10)}ffffc0000201`],
])('the IP address %s is encoded in bytes', (address, hex) => {
  expect(Buffer.from(parseAddress(address)).toString('hex')).toBe(hex);
});

test('DER encodes an object identifier with long numbers, and times before and after 2050', () => {
  expect(objectIdentifier('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
  expect(time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1', 2)).toBe('491231235959Z');
  expect(time(Date.UTC(2050, 0, 1)).toString('latin1', 2)).toBe('20500101000000Z');
});
