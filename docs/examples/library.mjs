// Follows the stream with the library until `count` large transfers have come, and says what happened on the way.
import { StreamEndedError, stream } from 'atlantis-cli';

/** Ends early, without an error, when `signal` aborts. Rejects when the stream was refused, or lost for good. */
export async function collectLargeTransfers({ url, key, count, signal, log = () => {} }) {
  const events = stream({
    url,
    key,
    signal,
    type: 'large_transfer',
    onConnected: ({ host, keyPrefix }) => log(`connected to ${host} with the key ${keyPrefix}…`),
    onLost: ({ cause }) => log(`lost: ${cause.kind}`),
    onGap: ({ fromMs, toMs }) => log(`nothing is known of the ${Math.round(toMs - fromMs)} ms before now`),
  });
  const transfers = [];
  try {
    for await (const { text, value, receivedAtMs } of events) {
      // `value` is what JSON.parse makes of `text`: good for names, not for amounts beyond 2^53.
      transfers.push({ id: value.id, amount: readInteger(text, 'amount_raw'), receivedAtMs });
      if (transfers.length === count) break;
    }
  } catch (error) {
    if (error instanceof StreamEndedError) log(`${error.message}\n${error.hint}`);
    throw error;
  }
  return transfers;
}

/** The integer behind a member's name, exact. Works where the name stands once, as it does in these events. */
export function readInteger(text, name) {
  const [, digits] = text.match(new RegExp(`"${name}"\\s*:\\s*"?(-?\\d+)`)) ?? [];
  return digits === undefined ? undefined : BigInt(digits);
}
