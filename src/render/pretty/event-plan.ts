// Decides where each field is shown, by names and kinds alone. All events of a layout share one plan.
//
// The service does not define the fields of events, so roles are guessed from names. A wrong guess only moves a value.
// Fields that are not in a column, and duplicates, are details.
import { TYPE_FIELDS } from '../../events/event-type.ts';
import { type FieldKind, KIND, type NamedField } from './event-reader.ts';

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
  /** An amount in the smallest unit of the chain. */
  raw: 11,
  /** An object whose members count as if they were outside of it. */
  wrapper: 12,
  /** Bookkeeping fields: ids, times, heights. */
  minor: 13,
  other: 14,
} as const;
export type Role = (typeof ROLE)[keyof typeof ROLE];

/** Members of the object of a party or a token, by priority. */
const ADDRESS_FIELDS: readonly string[] = ['address', 'addr', 'wallet', 'account', 'hash'];
const LABEL_FIELDS: readonly string[] = ['label', 'name', 'tag', 'entity'];
const SYMBOL_FIELDS: readonly string[] = ['symbol', 'ticker', 'code'];

const ROLES: readonly (readonly [RegExp, Role])[] = [
  [/^(type|event_type|event)$/, ROLE.type],
  [/^(chain|network|blockchain)(_name)?$/, ROLE.chain],
  [/(^|_)(raw|wei|sats|lamports|base_units)(_|$)/, ROLE.raw],
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

const TRANSACTION_HASH = /tx|transaction|signature/i;

/** Longer names have no role. */
const MAX_NAME_LENGTH = 40;

/** `camelCase` and `snake_case` are equivalent. */
export function findRole(name: string): Role {
  if (name.length > MAX_NAME_LENGTH) return ROLE.other;
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return ROLES.find(([pattern]) => pattern.test(words))?.[1] ?? ROLE.other;
}

export interface FieldRef {
  readonly index: number;
  readonly field: NamedField;
  readonly role: Role;
}

/** A sender, recipient or owner. */
export interface Party {
  readonly address: FieldRef;
  readonly label: FieldRef | undefined;
}

export interface PartyPair {
  readonly left: Party | undefined;
  readonly right: Party | undefined;
  readonly direction: FieldRef | 'left to right' | undefined;
}

/** Order of details. */
export const WEIGHT = {
  /** The field is in a column, unless its value is not of the expected form. */
  shown: 0,
  raw: 1,
  main: 2,
  hash: 3,
  /** Only shown if every value is shown in full, or if the event has nothing else. */
  minor: 4,
} as const;
type Weight = (typeof WEIGHT)[keyof typeof WEIGHT];

interface Detail extends FieldRef {
  readonly weight: Weight;
  readonly shownAs: 'amount' | 'dollars' | 'arrow' | undefined;
}

export interface EventPlan {
  readonly type: FieldRef | undefined;
  readonly chain: FieldRef | undefined;
  readonly amount: FieldRef | undefined;
  readonly unit: FieldRef | undefined;
  readonly dollars: FieldRef | undefined;
  readonly pair: PartyPair | undefined;
  readonly hash: FieldRef | undefined;
  /** The field with the number of decimals of the raw amount. */
  readonly decimals: FieldRef | undefined;
  /** Fields without a column, and fields that their column may be unable to show: by weight, then in the order sent. */
  readonly details: readonly Detail[];
  /** All fields but the type: those in columns, in the order of the columns, then the others in the order sent. */
  readonly all: readonly FieldRef[];
  /** Whether a field other than the type is in a column. */
  readonly hasColumns: boolean;
}

export function planEvent(fields: readonly NamedField[]): EventPlan {
  const refs = fields
    .map((field, index) => ({ index, field, role: findRole(field.name) }))
    .filter(({ field }) => field.kind !== KIND.open);
  const search = new Search(refs);
  const type = search.take(search.findType());
  const chain = search.take(search.find(ROLE.chain));
  const amount = search.find(ROLE.amount);
  const dollars = search.find(ROLE.dollars);
  const hasAmount = amount !== undefined;
  const unit = hasAmount
    ? search.take(search.find(ROLE.unit) ?? search.findInside(ROLE.unit, SYMBOL_FIELDS))
    : undefined;
  const pair = search.takePair();
  const hash = search.take(search.findHash());
  const direction = typeof pair?.direction === 'object' ? pair.direction : undefined;
  const shown = new Map([
    [amount, 'amount'],
    [dollars, 'dollars'],
    [direction, 'arrow'],
  ] as const);
  const details = refs
    .filter((ref) => !search.taken.has(ref))
    .map((ref): Detail => {
      const shownAs = shown.get(ref);
      return { ...ref, shownAs, weight: weighField(ref, shownAs !== undefined) };
    })
    .sort((a, b) => a.weight - b.weight || a.index - b.index);
  const decimals = hasAmount ? search.findDecimals() : undefined;
  const { left, right } = pair ?? {};
  const parties = [left?.address, left?.label, direction, right?.address, right?.label];
  const inColumns = [chain, dollars, amount, unit, ...parties, hash].filter((ref) => ref !== undefined);
  const all = [...inColumns, ...refs.filter((ref) => ref !== type && !inColumns.includes(ref))];
  const hasColumns = inColumns.length > 0;
  return { type, chain, amount, unit, dollars, pair, hash, decimals, details, all, hasColumns };
}

function weighField({ role, field }: FieldRef, isShown: boolean): Weight {
  if (isShown) return WEIGHT.shown;
  if (role === ROLE.raw) return WEIGHT.raw;
  if (role === ROLE.hash) return WEIGHT.hash;
  return role === ROLE.minor || field.kind === KIND.null ? WEIGHT.minor : WEIGHT.main;
}

/** Whether a field is at the top level or in a wrapper there. */
function isOuter({ container }: NamedField): boolean {
  if (container === undefined) return true;
  const role = findRole(container.name);
  return container.depth === 0 && (role === ROLE.wrapper || role === ROLE.type);
}

class Search {
  readonly taken = new Set<FieldRef | undefined>();
  readonly #refs: readonly FieldRef[];
  readonly #outer: readonly FieldRef[];

  constructor(refs: readonly FieldRef[]) {
    this.#refs = refs;
    this.#outer = refs.filter(({ field }) => isOuter(field));
  }

  take(ref: FieldRef | undefined): FieldRef | undefined {
    this.taken.add(ref);
    return ref;
  }

  /** The type as `--type` finds it, else a type one level down. */
  findType(): FieldRef | undefined {
    for (const depth of [0, 1]) {
      for (const name of TYPE_FIELDS) {
        const found = this.#outer.findLast(
          ({ field }) => field.depth === depth && field.name === name && field.kind === KIND.string,
        );
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** The first field with that role. Of fields with the same path, the last one counts. */
  find(role: Role): FieldRef | undefined {
    const fitting = this.#outer.filter((ref) => ref.role === role && hasAllowedKind(role, ref.field.kind));
    return fitting.findLast(({ field }) => field.path === fitting[0]?.field.path);
  }

  /** The string with one of these names in the object with that role. */
  findInside(role: Role, names: readonly string[]): FieldRef | undefined {
    for (const name of names) {
      const found = this.#refs.findLast(
        ({ field: { name: own, kind, container } }) =>
          own === name && kind === KIND.string && container !== undefined && hasRole(container, role),
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }

  findDecimals(): FieldRef | undefined {
    return this.#refs.find(({ field }) => field.name === 'decimals' && field.kind === KIND.number);
  }

  /** Sender and recipient, else an address and its counterparty. */
  takePair(): PartyPair | undefined {
    const from = this.takeParty(ROLE.from);
    const to = this.takeParty(ROLE.to);
    if (from !== undefined || to !== undefined) return { left: from, right: to, direction: 'left to right' };
    const address = this.takeParty(ROLE.address);
    const counterparty = this.takeParty(ROLE.counterparty);
    if (address === undefined && counterparty === undefined) return undefined;
    const hasBoth = address !== undefined && counterparty !== undefined;
    return { left: address, right: counterparty, direction: hasBoth ? this.find(ROLE.direction) : undefined };
  }

  /** The hash of the transaction, else the first hash. */
  findHash(): FieldRef | undefined {
    const hashes = this.#outer.filter(({ role, field }) => role === ROLE.hash && field.kind === KIND.string);
    const first = hashes.find(({ field }) => TRANSACTION_HASH.test(field.name)) ?? hashes[0];
    return hashes.findLast(({ field }) => field.path === first?.field.path);
  }

  /** A party is a string, or an object with an address and perhaps a label, which may be null. */
  takeParty(role: Role): Party | undefined {
    const alone = this.take(this.find(role));
    if (alone !== undefined) return { address: alone, label: undefined };
    const address = this.take(this.findInside(role, ADDRESS_FIELDS));
    if (address === undefined) return undefined;
    const { container } = address.field;
    const label = this.take(this.findInside(role, LABEL_FIELDS));
    for (const ref of this.#refs) {
      const { kind, name } = ref.field;
      if (kind === KIND.null && ref.field.container === container && LABEL_FIELDS.includes(name))
        this.take(ref);
    }
    return { address, label };
  }
}

function hasRole(container: NamedField, role: Role): boolean {
  return isOuter(container) && findRole(container.name) === role;
}

/** Chains and amounts may be numbers; everything else in a column is a string. */
function hasAllowedKind(role: Role, kind: FieldKind): boolean {
  const mayBeNumber = role === ROLE.chain || role === ROLE.amount || role === ROLE.dollars;
  return kind === KIND.string || (mayBeNumber && kind === KIND.number);
}
