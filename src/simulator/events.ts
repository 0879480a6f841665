// Generates realistic events, `large_transfer` and `address_activity`, as JSON text.
//
// The text is not made with JSON.stringify, so that amounts in the smallest unit are exact beyond 2^53. The same random
// numbers, clock and types give the same bytes. Labels are roles, never names.
import type { EventClock, Random } from './random.ts';

export interface Token {
  readonly symbol: string;
  /** Decimal places: the smallest unit is 10^-decimals. */
  readonly decimals: number;
  readonly priceUsd: number;
  /** Relative frequency among the tokens of all chains. */
  readonly weight: number;
}

interface Chain {
  readonly name: string;
  /** Height at CHAINS_EPOCH_MS. */
  readonly blockAtEpoch: number;
  readonly blockTimeMs: number;
  readonly tokens: readonly Token[];
  drawAddress(random: Random): string;
  drawHash(random: Random): string;
}

const CHAINS_EPOCH_MS = Date.UTC(2026, 0, 1);

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** @param bytes a multiple of 4 */
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

/** The event types that the service is known to send (docs/protocol.md, "After the upgrade"). */
export const KNOWN_EVENT_TYPES = ['large_transfer', 'address_activity'] as const;

export interface EventSource {
  /** Undefined after the last event. */
  next(): string | undefined;
}

interface EventGeneratorOptions {
  readonly random: Random;
  readonly clock: EventClock;
  /** Equally frequent. An unknown type gets the fields of `address_activity`. */
  readonly types: readonly string[];
}

interface Asset {
  readonly chain: Chain;
  readonly token: Token;
  /** Recurring addresses with their role. */
  readonly known: readonly { readonly address: string; readonly label: string }[];
}

const LABELS = [
  'exchange_hot_wallet',
  'exchange_cold_wallet',
  'exchange_deposit',
  'bridge_contract',
  'lending_pool',
  'market_maker',
  'mining_pool',
  'treasury',
] as const;

function drawAssets(random: Random): Asset[] {
  return CHAINS.flatMap((chain) => {
    const known = LABELS.map((label) => ({ address: chain.drawAddress(random), label }));
    return chain.tokens.flatMap((token) => new Array<Asset>(token.weight).fill({ chain, token, known }));
  });
}

/** An amount worth `minUsd` to `minUsd`·10^`decades`, evenly over the decades; `raw` is in the smallest unit. */
function drawAmount(random: Random, token: Token, minUsd: number, decades: number) {
  const target = (minUsd * 10 ** (random.nextFraction() * decades)) / token.priceUsd;
  const whole = Math.floor(target);
  // Half of the amounts are round, as people send them; the others use every digit.
  const isRound = whole > 0 && random.nextUint32() % 2 === 0;
  const digits = isRound ? Math.min(2, token.decimals) : token.decimals;
  let fraction = String(Math.floor((target - whole) * 1_000_000)).padStart(6, '0');
  while (fraction.length < digits) fraction += String(random.nextUint32()).padStart(10, '0').slice(1);
  fraction = fraction.slice(0, digits);
  const raw = `${whole}${fraction.padEnd(token.decimals, '0')}`.replace(/^0+(?=\d)/, '');
  const shown = fraction.replace(/0+$/, '');
  const decimal = shown === '' ? `${whole}` : `${whole}.${shown}`;
  return { raw, decimal, usd: (Number(decimal) * token.priceUsd).toFixed(2) };
}

export function createEventGenerator({ random, clock, types }: EventGeneratorOptions): EventSource {
  const assets = drawAssets(random);
  const typeTexts = types.map((type) => JSON.stringify(type));
  let stampMs = Number.NaN;
  let stamp = '';

  function drawParty(asset: Asset): string {
    const draw = random.nextUint32();
    const party = draw % 3 === 0 ? asset.known[(draw >>> 8) % asset.known.length] : undefined;
    if (party) return `{"address":"${party.address}","label":"${party.label}"}`;
    return `{"address":"${asset.chain.drawAddress(random)}","label":null}`;
  }

  function next(): string | undefined {
    const type = typeTexts[random.nextBelow(typeTexts.length)];
    const asset = assets[random.nextBelow(assets.length)];
    if (type === undefined || asset === undefined) return undefined;
    const { chain, token } = asset;
    const nowMs = clock();
    if (nowMs !== stampMs) {
      stampMs = nowMs;
      stamp = new Date(nowMs).toISOString();
    }
    const block = chain.blockAtEpoch + Math.floor((nowMs - CHAINS_EPOCH_MS) / chain.blockTimeMs);
    const head = `{"type":${type},"id":"evt_${drawHex(random, 12)}","timestamp":"${stamp}","chain":"${chain.name}","block_number":${block},"tx_hash":"${chain.drawHash(random)}"`;
    const isLarge = type === '"large_transfer"';
    const { raw, decimal, usd } = drawAmount(random, token, isLarge ? 100_000 : 20, isLarge ? 3 : 4);
    const tail = `"token":"${token.symbol}","decimals":${token.decimals},"amount":"${decimal}","amount_raw":${raw},"amount_usd":${usd}}`;
    if (isLarge) return `${head},"from":${drawParty(asset)},"to":${drawParty(asset)},${tail}`;
    const direction = random.nextUint32() % 2 === 0 ? 'in' : 'out';
    const confirmations = 1 + random.nextBelow(12);
    return `${head},"address":"${chain.drawAddress(random)}","direction":"${direction}","counterparty":${drawParty(asset)},"confirmations":${confirmations},${tail}`;
  }

  return { next };
}

export function limitEvents(source: EventSource, count: number): EventSource {
  let left = count;
  return { next: () => (left-- > 0 ? source.next() : undefined) };
}
