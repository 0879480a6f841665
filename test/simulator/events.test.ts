import { describe, expect, test } from '@jest/globals';
import { CHAINS, createEventGenerator, KNOWN_EVENT_TYPES, limitEvents } from '../../src/simulator/events.ts';
import { createRandom, createVirtualClock } from '../../src/simulator/random.ts';

const generate = (seed: number | string, count: number, types: readonly string[] = KNOWN_EVENT_TYPES) => {
  const source = createEventGenerator({ random: createRandom(seed), clock: createVirtualClock(0, 5), types });
  return Array.from({ length: count }, () => source.next() ?? '');
};

interface Party {
  address: string;
  label: string | null;
}
interface SimulatedEvent {
  type: string;
  id: string;
  timestamp: string;
  chain: string;
  block_number: number;
  tx_hash: string;
  token: string;
  decimals: number;
  amount: string;
  amount_usd: number;
  address?: string;
  counterparty?: Party;
  from?: Party;
  to?: Party;
}

const ADDRESS_FORMATS: Record<string, RegExp> = {
  bitcoin: /^bc1q[02-9ac-hj-np-z]{38}$/,
  tron: /^T[1-9A-HJ-NP-Za-km-z]{33}$/,
  solana: /^[1-9A-HJ-NP-Za-km-z]{44}$/,
};
const HASH_FORMATS: Record<string, RegExp> = {
  bitcoin: /^[0-9a-f]{64}$/,
  tron: /^[0-9a-f]{64}$/,
  solana: /^[1-9A-HJ-NP-Za-km-z]{88}$/,
};

describe('the generated events', () => {
  test('the same seed gives the same bytes, another seed others', () => {
    expect(generate(7, 200)).toEqual(generate('7', 200));
    expect(generate(7, 20)).not.toEqual(generate(8, 20));
  });

  test('the bytes of a seed do not change between versions', () => {
    expect(generate('golden', 2)).toMatchInlineSnapshot(`
[
  "{"type":"address_activity","id":"evt_9337374957f30439344b72d7","timestamp":"2026-01-01T00:00:00.000Z","chain":"ethereum","block_number":24136000,"tx_hash":"0x47cc8aae8e517a77d9652a3ea8a7bd8d958441f683c1b77ef830d6d6714a4c3d","address":"0xfa06209cb2292a21b295f41cc6b1a0d7f121c18b","direction":"in","counterparty":{"address":"0xcab2077db120fb16efd561ebdf821f176c07a399","label":null},"confirmations":10,"token":"ETH","decimals":18,"amount":"36.346133739958354172","amount_raw":36346133739958354172,"amount_usd":107948.02}",
  "{"type":"large_transfer","id":"evt_dec34f72a7c2e6cb6dbaf081","timestamp":"2026-01-01T00:00:00.200Z","chain":"bitcoin","block_number":930300,"tx_hash":"326082b79010dc78ee6f490fc13d56482c66b689cf357c3a8341a8009ef213f2","from":{"address":"bc1q4kpr7mmu9keshc9v22ln74my6eh8eculqy906f","label":"bridge_contract"},"to":{"address":"bc1qmd6eqt8dlp50kgzwxgxn8xfjvpr0w7zphecegx","label":"lending_pool"},"token":"BTC","decimals":8,"amount":"963.33","amount_raw":96333000000,"amount_usd":84387708.00}",
]
`);
  });

  test('each is JSON of a known type, with addresses and hashes in the form of its chain', () => {
    const events = generate(1, 2_000).map((text) => JSON.parse(text) as SimulatedEvent);
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(KNOWN_EVENT_TYPES));
    expect(new Set(events.map(({ chain }) => chain))).toEqual(new Set(CHAINS.map(({ name }) => name)));
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    for (const event of events) {
      const addressFormat = ADDRESS_FORMATS[event.chain] ?? /^0x[0-9a-f]{40}$/;
      const parties = [event.from, event.to, event.counterparty].flatMap((party) => party ?? []);
      expect(parties).toHaveLength(event.type === 'large_transfer' ? 2 : 1);
      for (const { address } of parties) expect(address).toMatch(addressFormat);
      if (event.type === 'address_activity') expect(event.address).toMatch(addressFormat);
      expect(event.tx_hash).toMatch(HASH_FORMATS[event.chain] ?? /^0x[0-9a-f]{64}$/);
      expect(new Date(event.timestamp).toISOString()).toBe(event.timestamp);
      expect(event.amount_usd).toBeGreaterThan(event.type === 'large_transfer' ? 90_000 : 10);
    }
  });

  test('O1: amounts in the smallest unit are exact and go beyond 2^53', () => {
    let beyond = 0;
    for (const text of generate(2, 2_000)) {
      const raw = /"amount_raw":(\d+),/.exec(text)?.[1] ?? '';
      const { amount, decimals } = JSON.parse(text) as SimulatedEvent;
      const [whole = '', fraction = ''] = amount.split('.');
      expect(raw).toBe(String(BigInt(whole + fraction.padEnd(decimals, '0'))));
      expect(BigInt(raw)).toBeGreaterThan(0n);
      if (BigInt(raw) > 2n ** 53n) beyond++;
    }
    expect(beyond).toBeGreaterThan(500);
  });

  test('times follow the rate and blocks grow with them', () => {
    const events = generate(3, 500).map((text) => JSON.parse(text) as SimulatedEvent);
    expect(events[0]?.timestamp).toBe('2026-01-01T00:00:00.000Z');
    expect(events[1]?.timestamp).toBe('2026-01-01T00:00:00.200Z');
    const heights = new Map<string, number>();
    for (const { chain, block_number } of events) {
      expect(block_number).toBeGreaterThanOrEqual(heights.get(chain) ?? 0);
      heights.set(chain, block_number);
    }
  });

  test('other types can be requested', () => {
    const types = generate(4, 50, ['large_transfer', 'a "quoted" type']).map(
      (text) => (JSON.parse(text) as SimulatedEvent).type,
    );
    expect(new Set(types)).toEqual(new Set(['large_transfer', 'a "quoted" type']));
  });

  test('a limit ends the source', () => {
    const source = limitEvents({ next: () => 'event' }, 2);
    expect([source.next(), source.next(), source.next()]).toEqual(['event', 'event', undefined]);
  });
});
