// The headers of messages in a stream that a relay writes.

export const HEADERS = {
  /** By this JetStream knows a message that it has already. */
  id: 'Nats-Msg-Id',
  /** A message that would land in another stream is refused. */
  expectedStream: 'Nats-Expected-Stream',
  /** The name of the relay whose copy was kept. */
  relay: 'Atlantis-Relay',
  /** `lifecycle` on what is no event. */
  kind: 'Atlantis-Kind',
  lifecycle: 'lifecycle',
} as const;
