// What the name of a field says about its value. The service specifies no shape, so this is a guess by the
// words of the field; a wrong one changes only the place of a value on the screen, never the value.

export const ROLE = {
  type: 0,
  chain: 1,
  amount: 2,
  /** An amount in US dollars. */
  dollars: 3,
  unit: 4,
  from: 5,
  to: 6,
  address: 7,
  counterparty: 8,
  direction: 9,
  hash: 10,
  /** An amount in the smallest unit, or otherwise as the chain has it. */
  exact: 11,
  /** Says nothing of its members, which count as if they stood beside it. */
  wrapper: 12,
  /** Keeps books rather than tells: ids, times, heights. */
  minor: 13,
  other: 14,
} as const;
export type Role = (typeof ROLE)[keyof typeof ROLE];

/** Names of the field that holds an event's type, first match wins (contract O8). */
export const TYPE_FIELDS: readonly string[] = ['type', 'event_type', 'event'];

/** In the object of a party, or of a token: which member says it, first match wins. */
export const ADDRESS_FIELDS: readonly string[] = ['address', 'addr', 'wallet', 'account', 'hash'];
export const LABEL_FIELDS: readonly string[] = ['label', 'name', 'tag', 'entity'];
export const SYMBOL_FIELDS: readonly string[] = ['symbol', 'ticker', 'code'];

const ROLES: readonly (readonly [RegExp, Role])[] = [
  [/^(type|event_type|event)$/, ROLE.type],
  [/^(chain|network|blockchain)(_name)?$/, ROLE.chain],
  [/(^|_)(raw|wei|sats|lamports|base_units)(_|$)/, ROLE.exact],
  [/^((amount|value|quantity|notional)_)?usd(_(amount|value))?$/, ROLE.dollars],
  [/^((token|transfer)_)?(amount|value|quantity|qty)$/, ROLE.amount],
  [/^((token|asset)_)?(symbol|ticker)$|^(token|asset|currency|coin|unit)$/, ROLE.unit],
  [/^(from|sender|source)(_address)?$/, ROLE.from],
  [/^(to|recipient|receiver|destination)(_address)?$/, ROLE.to],
  [/^(wallet_|account_)?address$|^(wallet|account|owner)$/, ROLE.address],
  [/^counterparty(_address)?$/, ROLE.counterparty],
  [/^direction$/, ROLE.direction],
  [/^(chain|network|token|asset|nft)_id$/, ROLE.other],
  [/^block(_(hash|number|height))?$|^(log|tx|transaction|event)_index$/, ROLE.minor],
  [/^(seq|sequence|nonce|slot|confirmations|decimals|version|schema|schema_version)$/, ROLE.minor],
  [/(^|_)(hash|txid|tx_id|tx|signature)$/, ROLE.hash],
  [/(^|_)(id|uuid|guid|time|timestamp|ts|at|date|datetime)$/, ROLE.minor],
  [/^(data|payload|body|details?|attributes|transfer|transaction|message)$/, ROLE.wrapper],
];

/** The longest name that means something here. */
const MAX_NAME_LENGTH = 40;

/** The role that a name suggests; `camelCase` and `snake_case` are the same. */
export function findRole(name: string): Role {
  if (name.length > MAX_NAME_LENGTH) return ROLE.other;
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return ROLES.find(([pattern]) => pattern.test(words))?.[1] ?? ROLE.other;
}
