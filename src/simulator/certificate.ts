// A self-signed certificate for a local TLS server (RFC 5280), loaded only for --tls.
import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { parseAddress } from '../connection/dial/address.ts';

/** Tags of the universal class; `0xa0 + n` is context-specific and constructed, `0x80 + n` primitive. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A DER value: tag, length, content. */
export function encode(tag: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag]), encodeLength(content.length), content]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return encode(TAG.sequence, ...parts);
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [40 * first + second, ...rest].flatMap((number) => {
    const septets = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
    return septets;
  });
  return encode(TAG.objectIdentifier, Uint8Array.from(bytes));
}

function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return encode(TAG.bitString, Uint8Array.of(unusedBits), bytes);
}

/** UTCTime up to 2049, GeneralizedTime after it, in whole seconds (RFC 5280 § 4.1.2.5). */
export function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
  return new Date(ms).getUTCFullYear() < 2050
    ? encode(TAG.utcTime, text.slice(2))
    : encode(TAG.generalizedTime, text);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

/** PEM; the certificate is its own root. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** Longer than any session, but a leaked key expires soon. */
const VALID_DAYS = 30;
/** For a slightly different clock in a container or virtual machine. */
const CLOCK_SLACK_MS = 3_600_000;

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const SUBJECT_ALT_NAME = '2.5.29.17';
/** digitalSignature and keyCertSign, bits 0 and 5; the last two bits of the byte are unused (RFC 5280 § 4.2.1.3). */
const KEY_USAGE_BITS = bitString(Uint8Array.of(0b10000100), 2);
/** GeneralName choices (RFC 5280 § 4.2.1.6). */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

const TRUE = encode(TAG.boolean, Uint8Array.of(0xff));

/**
 * Covers `localhost`, the loopback addresses and `host`. A certificate for a wildcard `host` covers the name and all
 * addresses of the machine too.
 */
export function makeCertificate(host: string): ServerCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectIdentifier(ECDSA_WITH_SHA256));
  const name = sequence(
    encode(TAG.set, sequence(objectIdentifier(COMMON_NAME), encode(TAG.utf8String, 'atlantis simulator'))),
  );
  const nowMs = Date.now();
  const toBeSigned = sequence(
    encode(0xa0, encode(TAG.integer, Uint8Array.of(2))), // version 3
    encode(TAG.integer, makeSerialNumber()),
    algorithm,
    name,
    sequence(time(nowMs - CLOCK_SLACK_MS), time(nowMs + VALID_DAYS * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    encode(0xa3, sequence(...listExtensions(listNames(host)))),
  );
  const signature = createSign('sha256').update(toBeSigned).sign(privateKey);
  const certificate = sequence(toBeSigned, algorithm, bitString(signature));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${wrapBase64(certificate)}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

function listNames(host: string): string[] {
  const loopback = ['localhost', '127.0.0.1', '::1'];
  if (host !== '0.0.0.0' && host !== '::') return [...new Set([...loopback, host])];
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) =>
    all.map(({ address }) => address.replace(/%.*/, '')),
  );
  return [...new Set([...loopback, hostname(), ...addresses])];
}

function listExtensions(names: readonly string[]): Buffer[] {
  const generalNames = names.map((name) =>
    isIP(name) === 0 ? encode(DNS_NAME, name) : encode(IP_ADDRESS, parseAddress(name)),
  );
  return [
    extension(BASIC_CONSTRAINTS, sequence(TRUE), true),
    extension(KEY_USAGE, KEY_USAGE_BITS, true),
    extension(EXTENDED_KEY_USAGE, sequence(objectIdentifier(SERVER_AUTH))),
    extension(SUBJECT_ALT_NAME, sequence(...generalNames)),
  ];
}

function extension(identifier: string, value: Buffer, isCritical = false): Buffer {
  const parts = [objectIdentifier(identifier), ...(isCritical ? [TRUE] : [])];
  return sequence(...parts, encode(TAG.octetString, value));
}

/** Positive, without a leading zero byte. */
function makeSerialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function wrapBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
}
