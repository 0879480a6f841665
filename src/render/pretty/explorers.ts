// Links to block explorers (OSC 8). A URL is never taken from an event, but built from our table and from a value with
// the exact form of a hash or an address.

interface Explorer {
  readonly transaction: string;
  readonly address: string;
  readonly hashForm: RegExp;
  readonly addressForm: RegExp;
}

const HEX_HASH = /^[0-9a-fA-F]{64}$/;

const evm = (site: string): Explorer => ({
  transaction: `${site}/tx/`,
  address: `${site}/address/`,
  hashForm: /^0x[0-9a-fA-F]{64}$/,
  addressForm: /^0x[0-9a-fA-F]{40}$/,
});

const ARBITRUM = evm('https://arbiscan.io');
const AVALANCHE = evm('https://snowtrace.io');
const BSC = evm('https://bscscan.com');
const ETHEREUM = evm('https://etherscan.io');
const OPTIMISM = evm('https://optimistic.etherscan.io');
const POLYGON = evm('https://polygonscan.com');
const BITCOIN: Explorer = {
  transaction: 'https://mempool.space/tx/',
  address: 'https://mempool.space/address/',
  hashForm: HEX_HASH,
  addressForm: /^(?:bc1[02-9ac-hj-np-z]{11,87}|[13][1-9A-HJ-NP-Za-km-z]{25,34})$/,
};
const SOLANA: Explorer = {
  transaction: 'https://solscan.io/tx/',
  address: 'https://solscan.io/account/',
  hashForm: /^[1-9A-HJ-NP-Za-km-z]{64,88}$/,
  addressForm: /^[1-9A-HJ-NP-Za-km-z]{32,44}$/,
};
const TRON: Explorer = {
  transaction: 'https://tronscan.org/#/transaction/',
  address: 'https://tronscan.org/#/address/',
  hashForm: HEX_HASH,
  addressForm: /^T[1-9A-HJ-NP-Za-km-z]{33}$/,
};

const EXPLORERS: ReadonlyMap<string, Explorer> = new Map([
  ['arbitrum', ARBITRUM],
  ['avalanche', AVALANCHE],
  ['base', evm('https://basescan.org')],
  ['bitcoin', BITCOIN],
  ['bnb', BSC],
  ['bsc', BSC],
  ['btc', BITCOIN],
  ['eth', ETHEREUM],
  ['ethereum', ETHEREUM],
  ['matic', POLYGON],
  ['optimism', OPTIMISM],
  ['polygon', POLYGON],
  ['sol', SOLANA],
  ['solana', SOLANA],
  ['tron', TRON],
  ['trx', TRON],
]);

/** Undefined for an unknown chain, and for a value that does not have the form of a hash or an address. */
export function findPage(chain: string, kind: 'transaction' | 'address', value: string): string | undefined {
  const explorer = EXPLORERS.get(chain.toLowerCase());
  if (explorer === undefined) return undefined;
  const form = kind === 'transaction' ? explorer.hashForm : explorer.addressForm;
  return form.test(value) ? explorer[kind] + value : undefined;
}

/** @param text with invisible characters escaped */
export function makeLink(text: string, url: string): string {
  return `\x1b]8;;${url}\x1b\\${text}\x1b]8;;\x1b\\`;
}
