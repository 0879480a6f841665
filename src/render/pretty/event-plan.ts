// Which field goes where on the screen, by names and kinds alone: the same plan for all events of a layout.
//
// Nothing is lost: every field that takes no place in the headline is among the details, duplicates too.
import { KIND, type Kind, type NamedField } from './field-reader.ts';
import {
  ADDRESS_FIELDS,
  findRole,
  LABEL_FIELDS,
  ROLE,
  type Role,
  SYMBOL_FIELDS,
  TYPE_FIELDS,
} from './known-fields.ts';

/** A field to show, by its number among the fields of the event. */
export interface Place {
  readonly index: number;
  readonly field: NamedField;
  readonly role: Role;
}

/** Somebody: an address, perhaps with a label. */
export interface PartyPlace {
  readonly address: Place;
  readonly label: Place | undefined;
  /** What to call it where it stands alone. */
  readonly name: string;
}

/** Two parties, of which one may be missing; which way it went from one to the other is said by `direction`. */
export interface PartyPair {
  readonly left: PartyPlace | undefined;
  readonly right: PartyPlace | undefined;
  readonly direction: Place | 'left to right' | undefined;
}

/** How much a detail matters, in this order: a narrow screen does without the last two. */
export const WEIGHT = {
  /** The headline shows it, a figure perhaps with its digits set apart. */
  shown: 0,
  /** The amount in another unit: it says the same, unless it does not. */
  raw: 1,
  main: 2,
  hash: 3,
  minor: 4,
} as const;
export type Weight = (typeof WEIGHT)[keyof typeof WEIGHT];

/** One `name value` of the details. */
export interface Detail extends Place {
  /** Visible. */
  readonly name: string;
  readonly weight: Weight;
  /** What the headline shows of it. */
  readonly shownAs: 'amount' | 'dollars' | 'arrow' | undefined;
}

export interface EventPlan {
  readonly type: Place | undefined;
  readonly chain: Place | undefined;
  readonly amount: Place | undefined;
  readonly unit: Place | undefined;
  readonly dollars: Place | undefined;
  readonly parties: readonly PartyPair[];
  /** How many digits of the raw amount are behind the point; undefined if the event does not say. */
  readonly decimals: Place | undefined;
  /** By their weight, then as sent. */
  readonly details: readonly Detail[];
}

/** The plan for all events that have these fields. */
export function planEvent(fields: readonly NamedField[]): EventPlan {
  const places = fields
    .map((field, index) => ({ index, field, role: findRole(field.name) }))
    .filter(({ field }) => field.kind !== KIND.open);
  const search = new Search(places);
  const type = search.take(search.findType());
  const chain = search.take(search.find(ROLE.chain));
  const amount = search.find(ROLE.amount);
  const dollars = search.find(ROLE.dollars);
  const hasAmount = amount !== undefined;
  const unit = hasAmount
    ? search.take(search.find(ROLE.unit) ?? search.findInside(ROLE.unit, SYMBOL_FIELDS))
    : undefined;
  const from = search.takeParty(ROLE.from);
  const to = search.takeParty(ROLE.to);
  const address = search.takeParty(ROLE.address);
  const counterparty = search.takeParty(ROLE.counterparty);
  const hasBoth = address !== undefined && counterparty !== undefined;
  const direction = hasBoth ? search.find(ROLE.direction) : undefined;
  const parties: PartyPair[] = [
    { left: from, right: to, direction: 'left to right' } as const,
    { left: address, right: counterparty, direction },
  ].filter(({ left, right }) => left !== undefined || right !== undefined);

  const shown = new Map([
    [amount, 'amount'],
    [dollars, 'dollars'],
    [direction, 'arrow'],
  ] as const);
  const details = places
    .filter((place) => !search.taken.has(place))
    .map((place): Detail => {
      const shownAs = shown.get(place);
      return { ...place, name: place.field.path, shownAs, weight: weigh(place, shownAs !== undefined) };
    })
    .sort((a, b) => a.weight - b.weight || a.index - b.index);
  const decimals = amount === undefined ? undefined : search.findDecimals();
  return { type, chain, amount, unit, dollars, parties, decimals, details };
}

function weigh({ role, field }: Place, isShown: boolean): Weight {
  if (isShown) return WEIGHT.shown;
  if (role === ROLE.exact) return WEIGHT.raw;
  if (role === ROLE.hash) return WEIGHT.hash;
  return role === ROLE.minor || field.kind === KIND.null ? WEIGHT.minor : WEIGHT.main;
}

/** Not inside of anything that has a name of its own. */
function isOuter({ container }: NamedField): boolean {
  if (container === undefined) return true;
  const role = findRole(container.name);
  return container.depth === 0 && (role === ROLE.wrapper || role === ROLE.type);
}

/** Finds fields by what their names suggest, and remembers which are taken. */
class Search {
  readonly taken = new Set<Place | undefined>();
  readonly #places: readonly Place[];
  readonly #outer: readonly Place[];

  constructor(places: readonly Place[]) {
    this.#places = places;
    this.#outer = places.filter(({ field }) => isOuter(field));
  }

  take(place: Place | undefined): Place | undefined {
    this.taken.add(place);
    return place;
  }

  /** The type as a filter finds it, or else one level down. */
  findType(): Place | undefined {
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

  /** The first field with that role; among equal names the last one counts, as everywhere. */
  find(role: Role): Place | undefined {
    const fitting = this.#outer.filter((place) => place.role === role && isFitting(role, place.field.kind));
    return fitting.findLast(({ field }) => field.path === fitting[0]?.field.path);
  }

  /** The text with one of these names in the object that has the role. */
  findInside(role: Role, names: readonly string[]): Place | undefined {
    for (const name of names) {
      const found = this.#places.findLast(
        ({ field: { name: own, kind, container } }) =>
          own === name && kind === KIND.string && container !== undefined && hasRole(container, role),
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }

  findDecimals(): Place | undefined {
    return this.#places.find(({ field }) => field.name === 'decimals' && field.kind === KIND.number);
  }

  /** A party as one text, or as an object with an address and perhaps a label, which may be null. */
  takeParty(role: Role): PartyPlace | undefined {
    const alone = this.take(this.find(role));
    if (alone !== undefined) return { address: alone, label: undefined, name: alone.field.path };
    const address = this.take(this.findInside(role, ADDRESS_FIELDS));
    if (address === undefined) return undefined;
    const { container } = address.field;
    const label = this.take(this.findInside(role, LABEL_FIELDS));
    for (const place of this.#places) {
      const { kind, name } = place.field;
      if (kind === KIND.null && place.field.container === container && LABEL_FIELDS.includes(name))
        this.take(place);
    }
    return { address, label, name: container?.path ?? '' };
  }
}

function hasRole(container: NamedField, role: Role): boolean {
  return isOuter(container) && findRole(container.name) === role;
}

/** A chain may be a number, and so may an amount; everything else in the headline is a text. */
function isFitting(role: Role, kind: Kind): boolean {
  const mayBeNumber = role === ROLE.chain || role === ROLE.amount || role === ROLE.dollars;
  return kind === KIND.string || (mayBeNumber && kind === KIND.number);
}
