// Collects `count` large transfers with the library, and logs connects, losses and gaps.
import { StreamEndedError, stream } from 'atlantis-cli';

/** Returns early, without an error, if `signal` aborts. Rejects if the stream is refused, or lost and not restored. */
export async function collectLargeTransfers({ url, key, count, signal, log = () => {} }) {
  const events = stream({
    url,
    key,
    signal,
    type: 'large_transfer',
    onConnected: ({ host, keyPrefix }) => log(`connected to ${host} with the key ${keyPrefix}…`),
    onLost: ({ cause }) => log(`lost: ${cause.kind}`),
    onGap: ({ fromMs, toMs }) => log(`events of the last ${Math.round(toMs - fromMs)} ms may be missing`),
  });
  const transfers = [];
  try {
    for await (const { text, value, receivedAtMs } of events) {
      // `value` is the result of JSON.parse: fine for names, but it rounds amounts beyond 2^53.
      transfers.push({ id: value.id, amount: readInteger(text, 'amount_raw'), receivedAtMs });
      if (transfers.length === count) break;
    }
  } catch (error) {
    if (error instanceof StreamEndedError) log(`${error.message}\n${error.hint}`);
    throw error;
  }
  return transfers;
}

/** The exact integer value of a member. Works only if its name occurs once, as in these events. */
export function readInteger(text, name) {
  const [, digits] = text.match(new RegExp(`"${name}"\\s*:\\s*"?(-?\\d+)`)) ?? [];
  return digits === undefined ? undefined : BigInt(digits);
}
