// Replaces ip-address, more than half of the code of socks, which only converts addresses with it: the destination after
// `net.isIP` has accepted it, and the address in the answer of a proxy. Node has no function for the bytes of an address.
export class Address4 {
  #text;

  constructor(text) {
    this.#text = text;
  }

  toArray() {
    return this.#text.split('.').map(Number);
  }
}

export class Address6 {
  #groups;

  constructor(text) {
    this.#groups = readGroups(text);
  }

  static fromByteArray(bytes) {
    const hex = Buffer.from(bytes).toString('hex');
    return new Address6(hex.match(/..../g).join(':'));
  }

  /** All eight groups, each with four digits. */
  canonicalForm() {
    return this.#groups.map((group) => group.padStart(4, '0')).join(':');
  }
}

/** The eight groups of an IPv6 address, without its zone. */
function readGroups(text) {
  const hex = text
    .toLowerCase()
    .replace(/%.*$/, '')
    .replace(/\d+\.\d+\.\d+\.\d+$/, (four) => {
      const digits = Buffer.from(four.split('.').map(Number)).toString('hex');
      return `${digits.slice(0, 4)}:${digits.slice(4)}`;
    });
  const [before, after] = hex.split('::').map((part) => (part === '' ? [] : part.split(':')));
  if (after === undefined) return before;
  return [...before, ...Array(8 - before.length - after.length).fill('0'), ...after];
}
