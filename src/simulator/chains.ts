// What the simulated events are made of: chains with their tokens, block times, and the look of their
// addresses and hashes. Everything is invented but shaped like the real thing; checksums do not hold.
import type { Random } from './random.ts';

/** A token as traded on one chain. */
export interface Token {
  readonly symbol: string;
  /** Digits behind the point: the smallest unit is 10^-decimals. */
  readonly decimals: number;
  readonly priceUsd: number;
  /** How often it is drawn, relative to the others of all chains. */
  readonly weight: number;
}

export interface Chain {
  readonly name: string;
  /** Height at CHAINS_EPOCH_MS. */
  readonly blockAtEpoch: number;
  readonly blockTimeMs: number;
  readonly tokens: readonly Token[];
  drawAddress(random: Random): string;
  drawHash(random: Random): string;
}

/** The instant for which `blockAtEpoch` is given: 2026-01-01T00:00:00Z. */
export const CHAINS_EPOCH_MS = Date.UTC(2026, 0, 1);

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Random lower-case hexadecimal text of `bytes` bytes; `bytes` is a multiple of 4. */
export function drawHex(random: Random, bytes: number): string {
  let text = '';
  for (let drawn = 0; drawn < bytes; drawn += 4) {
    const word = random.nextUint32();
    text += HEX_BYTES[word >>> 24];
    text += HEX_BYTES[(word >>> 16) & 0xff];
    text += HEX_BYTES[(word >>> 8) & 0xff];
    text += HEX_BYTES[word & 0xff];
  }
  return text;
}

/** Random text of `length` characters out of `alphabet`, three for each number drawn. */
function drawText(random: Random, alphabet: string, length: number): string {
  let text = '';
  while (text.length < length) {
    let word = random.nextUint32();
    for (let take = 0; take < 3 && text.length < length; take++) {
      text += alphabet[word % alphabet.length];
      word = Math.floor(word / alphabet.length);
    }
  }
  return text;
}

const evm = {
  drawAddress: (random: Random) => `0x${drawHex(random, 20)}`,
  drawHash: (random: Random) => `0x${drawHex(random, 32)}`,
};

const usdt = (decimals: number, weight: number): Token => ({ symbol: 'USDT', decimals, priceUsd: 1, weight });
const usdc = (decimals: number, weight: number): Token => ({ symbol: 'USDC', decimals, priceUsd: 1, weight });

export const CHAINS: readonly Chain[] = [
  {
    name: 'ethereum',
    blockAtEpoch: 24_136_000,
    blockTimeMs: 12_000,
    tokens: [
      { symbol: 'ETH', decimals: 18, priceUsd: 2_970, weight: 16 },
      usdt(6, 10),
      usdc(6, 8),
      { symbol: 'WBTC', decimals: 8, priceUsd: 87_500, weight: 2 },
      { symbol: 'DAI', decimals: 18, priceUsd: 1, weight: 2 },
    ],
    ...evm,
  },
  {
    name: 'bitcoin',
    blockAtEpoch: 930_300,
    blockTimeMs: 600_000,
    tokens: [{ symbol: 'BTC', decimals: 8, priceUsd: 87_600, weight: 14 }],
    drawAddress: (random) => `bc1q${drawText(random, BECH32, 38)}`,
    drawHash: (random) => drawHex(random, 32),
  },
  {
    name: 'tron',
    blockAtEpoch: 78_900_000,
    blockTimeMs: 3_000,
    tokens: [usdt(6, 18), { symbol: 'TRX', decimals: 6, priceUsd: 0.28, weight: 4 }],
    drawAddress: (random) => `T${drawText(random, BASE58, 33)}`,
    drawHash: (random) => drawHex(random, 32),
  },
  {
    name: 'bsc',
    blockAtEpoch: 73_500_000,
    blockTimeMs: 750,
    tokens: [{ symbol: 'BNB', decimals: 18, priceUsd: 862, weight: 4 }, usdt(18, 6), usdc(18, 2)],
    ...evm,
  },
  {
    name: 'polygon',
    blockAtEpoch: 81_000_000,
    blockTimeMs: 2_000,
    tokens: [{ symbol: 'POL', decimals: 18, priceUsd: 0.11, weight: 2 }, usdc(6, 3), usdt(6, 2)],
    ...evm,
  },
  {
    name: 'arbitrum',
    blockAtEpoch: 416_000_000,
    blockTimeMs: 250,
    tokens: [{ symbol: 'ETH', decimals: 18, priceUsd: 2_970, weight: 3 }, usdc(6, 3), usdt(6, 1)],
    ...evm,
  },
  {
    name: 'solana',
    blockAtEpoch: 390_000_000,
    blockTimeMs: 400,
    tokens: [{ symbol: 'SOL', decimals: 9, priceUsd: 125, weight: 6 }, usdc(6, 4)],
    drawAddress: (random) => drawText(random, BASE58, 44),
    drawHash: (random) => drawText(random, BASE58, 88),
  },
];
