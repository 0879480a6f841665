// What the benchmark server sends on a connection. It is encoded in the URL path, so every client can request it.

/**
 * @typedef {object} Flow
 * @property {number} count events to send; 0 sends the welcome and nothing more
 * @property {number} size bytes per event
 * @property {0 | 1} distinct 1: every event has a distinct id and is a little larger; all are prepared in advance
 * @property {'close' | 'open'} end after the last event: close with 1000, or stay open
 * @property {number} delayMs from the welcome to the first event
 * @property {number} feed not 0: all connections with this number get the same paced events, beginning `delayMs` after
 *   the last of `clients` connections got its welcome; each event has an id and the time of its write
 * @property {number} clients number of connections of a feed
 * @property {number} perSecond events per second of a feed
 * @property {number} everyMs 0: as fast as the socket accepts them; otherwise single events with the time of their
 *   write, at random times, this far apart on average
 */

const DEFAULTS = {
  count: 0,
  size: 200,
  distinct: 0,
  end: 'close',
  delayMs: 0,
  everyMs: 0,
  feed: 0,
  clients: 1,
  perSecond: 0,
};

/** The path prefix of a base URL that requests this flow. */
export function encodeFlow(flow) {
  const pairs = Object.entries({ ...DEFAULTS, ...flow });
  return `/${pairs.map(([name, value]) => `${name}=${value}`).join(',')}`;
}

/** @returns {Flow} */
export function decodeFlow(path) {
  const flow = { ...DEFAULTS };
  for (const pair of path.split('/')[1].split(',')) {
    const [name, value] = pair.split('=');
    if (name in flow) flow[name] = name === 'end' ? value : Number(value);
  }
  return flow;
}
