// Things in a row under consecutive numbers: added at the end, forgotten from the front.

/** Empty places at the front are removed once there are more than this, and more than half are empty. */
const MANY = 1_024;

export class NumberedQueue<T> {
  #items: (T | undefined)[] = [];
  #skipped = 0;
  #first: number;

  /** An empty queue whose first thing will have this number. */
  constructor(first: number) {
    this.#first = first;
  }

  /** The number of the first thing, or of the next one if there is none. */
  get first(): number {
    return this.#first;
  }

  /** The number behind the last thing. */
  get end(): number {
    return this.#first + this.#items.length - this.#skipped;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The thing of that number, or undefined if it is not here. */
  get(number: number): T | undefined {
    return number < this.#first ? undefined : this.#items[this.#skipped + number - this.#first];
  }

  /** Forgets everything below a number; the queue goes on from there, also beyond its end. */
  dropBefore(number: number): void {
    if (number <= this.#first) return;
    if (number >= this.end) {
      this.#items = [];
      this.#skipped = 0;
    } else {
      const skipped = this.#skipped + number - this.#first;
      // The places stay for a while, what was in them must not.
      this.#items.fill(undefined, this.#skipped, skipped);
      this.#skipped = skipped;
      if (this.#skipped > MANY && this.#skipped > this.#items.length / 2) {
        this.#items = this.#items.slice(this.#skipped);
        this.#skipped = 0;
      }
    }
    this.#first = number;
  }
}
