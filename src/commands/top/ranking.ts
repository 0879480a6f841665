// The rows with the most events, in bounded memory for any number of distinct values.
//
// The algorithm is Space-Saving (Metwally, Agrawal and El Abbadi, 2005). When all rows are in use, a new value replaces
// the value with the fewest events. The new value may have had up to that many events before, so its row stores the
// number as `missing`. `other` gets the counts of the replaced row, so the rows and `other` add up to the total.
import { MAX_ROWS } from '../../flags/table-flags.ts';
import { type Facts, Row } from './row.ts';
import type { Timeline } from './timeline.ts';

export class Ranking {
  readonly total: Row;
  /** Events of values that have no row of their own. */
  readonly other: Row;
  readonly #timeline: Timeline;
  readonly #rows = new Map<string, Row>();
  readonly #maxRows: number;

  constructor(timeline: Timeline, maxRows = MAX_ROWS) {
    this.#timeline = timeline;
    this.#maxRows = maxRows;
    this.total = new Row(timeline);
    this.other = new Row(timeline);
  }

  add(facts: Facts, receivedAtMs: number): void {
    this.total.add(facts, receivedAtMs);
    const row = this.#rows.get(facts.id) ?? this.#createRow(facts);
    row.add(facts, receivedAtMs);
  }

  get rows(): Row[] {
    return [...this.#rows.values()];
  }

  #createRow({ id, key }: Facts): Row {
    let row: Row;
    if (this.#rows.size < this.#maxRows) {
      row = new Row(this.#timeline);
      row.reset(id, key, 0);
    } else {
      row = this.#findSmallest();
      this.#rows.delete(row.id);
      this.other.absorb(row);
      row.reset(id, key, row.missing + row.events);
    }
    this.#rows.set(id, row);
    return row;
  }

  #findSmallest(): Row {
    let smallest: Row | undefined;
    for (const row of this.#rows.values())
      if (smallest === undefined || row.missing + row.events < smallest.missing + smallest.events)
        smallest = row;
    return smallest ?? this.other;
  }
}
