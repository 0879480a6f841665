// The generator of believable events: `large_transfer` and `address_activity` as JSON text.
//
// The text is written by hand, not by JSON.stringify, so that amounts in the smallest unit stay exact beyond
// 2^53. The same random stream, clock and types give the same bytes. Names are labels of roles, never of
// anybody.
import { CHAINS, CHAINS_EPOCH_MS, type Chain, drawHex, type Token } from './chains.ts';
import type { EventClock, Random } from './random.ts';

/** The event types that the service is known to send (docs/protocol.md, "After the upgrade"). */
export const KNOWN_EVENT_TYPES = ['large_transfer', 'address_activity'] as const;

/** Hands out the text of one event after the other; undefined once there are no more. */
export interface EventSource {
  next(): string | undefined;
}

export interface EventGeneratorOptions {
  readonly random: Random;
  readonly clock: EventClock;
  /** Drawn evenly. A type that is not known gets the shape of `address_activity`. */
  readonly types: readonly string[];
}

interface Asset {
  readonly chain: Chain;
  readonly token: Token;
  /** Addresses that come back, with the role that they play. */
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

/** An amount of a token, as JSON number in its smallest unit, as decimal text, and in US dollars. */
interface Amount {
  readonly raw: string;
  readonly decimal: string;
  readonly usd: string;
}

/** Draws an amount worth between `minUsd` and `minUsd`·10^`decades`, evenly over the decades. */
function drawAmount(random: Random, token: Token, minUsd: number, decades: number): Amount {
  const target = (minUsd * 10 ** (random.nextFraction() * decades)) / token.priceUsd;
  const whole = Math.floor(target);
  // Half of all amounts are round, as people send them; the others use every digit.
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

/** Makes an endless source of events. */
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

/** Ends a source after `count` events. */
export function limitEvents(source: EventSource, count: number): EventSource {
  let left = count;
  return { next: () => (left-- > 0 ? source.next() : undefined) };
}
