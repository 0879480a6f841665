// Realistic events: seeded JSON transfers with an exact size in bytes.
//
// One in four is an `address_activity`; two of the other three are worth a million or more. So `--type 'large_*'`
// together with `--where 'usd_value >= 1000000'` passes exactly half.
import { createHash } from 'node:crypto';

/** Event sizes in bytes. */
export const SIZES = { small: 200, medium: 2_000, large: 60_000 };

const CHAINS = ['ethereum', 'base', 'arbitrum', 'polygon'];
const TOKENS = ['USDC', 'WETH', 'DAI', 'WBTC'];

const hex = (seed, digits) => createHash('sha512').update(seed).digest('hex').slice(0, digits);
const wei = (seed) => BigInt(`0x${hex(seed, 18)}`).toString();

/** Text of event `index`, exactly `size` bytes of ASCII; at least 200. */
function makeEvent(index, size) {
  const isActivity = index % 4 === 0;
  const usd = isActivity || index % 4 === 3 ? 1_000 + index : 1_000_000 + index;
  const head =
    `{"type":"${isActivity ? 'address_activity' : 'large_transfer'}","chain":"${CHAINS[index % 3]}",` +
    `"token":"${TOKENS[(index >> 2) % 4]}","amount":${wei(`a${index}`)},"usd_value":${usd}.25,` +
    `"from":"0x${hex(`f${index}`, 40)}"`;
  const transfers = [];
  const bare = `${head},"ref":""}`;
  let left = size - bare.length;
  for (let at = 0; left > 320; at++) {
    const one =
      `{"log_index":${at},"from":"0x${hex(`f${index}/${at}`, 40)}","to":"0x${hex(`t${index}/${at}`, 40)}",` +
      `"amount":${wei(`w${index}/${at}`)},"tx_hash":"0x${hex(`h${index}/${at}`, 64)}","removed":false,"label":null}`;
    transfers.push(one);
    left -= one.length + 1;
    if (at === 0) left -= ',"transfers":[]'.length;
  }
  const list = transfers.length === 0 ? '' : `,"transfers":[${transfers.join(',')}]`;
  const room = size - bare.length - list.length;
  if (room < 0) throw new RangeError(`an event of ${size} bytes is too small for its fields`);
  return `${head}${list},"ref":"${hex(`r${index}`, 128).repeat(3).slice(0, room)}"}`;
}

/** Enough different events to fill about 256 KiB; a multiple of 4, at least 8. */
export function makeEvents(size) {
  const count = Math.max(8, Math.min(1_024, Math.floor(262_144 / size / 4) * 4));
  return Array.from({ length: count }, (_unused, index) => makeEvent(index, size));
}

/** `count` events with distinct ids; each is 20 bytes larger than those of `makeEvents`. */
export function makeDistinctEvents(size, count) {
  return Array.from({ length: count }, (_unused, index) => {
    const id = String(index).padStart(8, '0');
    return `{"id":"evt_${id}",${makeEvent(index, size).slice(1)}`;
  });
}
