// Details of failures with NATS, for the causes in `connection/cause-table.ts`.

export const NATS_DETAILS = {
  /** `classifyNatsError` finds the cause by the words `invalid protocol`. */
  tooLarge: (bytes: number): string => `invalid protocol: a message of ${bytes} bytes`,
  waiting: 'waiting for NATS',
  notEnabled: 'is nats-server running with -js?',
  refusedByAll: 'no server accepted it',
  closedByServer: 'the server closed it',
  api: (description: string, code: number) => `${description}${code === 0 ? '' : `, error ${code}`}`,
  server: (address: string, port: number | undefined) => `the server at ${address} port ${port}`,
} as const;

export const STREAM_DETAILS = {
  recreated: (created: string, before: string) => `created at ${created}, previously at ${before}`,
  replaced: (seq: number) => `message ${seq} is now a different one`,
  shorter: (lastSeq: number, readSeq: number) =>
    `its last message is ${lastSeq}, but message ${readSeq} was read`,
  reused: 'sequence numbers that were already read are being reused',
  consumerRecreated: 'its durable consumer was recreated',
  trimmed: (fromSeq: number, toSeq: number) => `messages ${fromSeq} to ${toSeq - 1} were deleted`,
  otherSubjects: (name: string, accepted: readonly string[], missing: readonly string[]) =>
    `${name} accepts ${accepted.join(', ') || 'no subjects'}, but not ${missing.join(', ')}`,
} as const;

export const ACK_DETAILS = {
  noStream: 'no stream accepts the message',
  notAnAck: 'the response to a message is not an acknowledgement',
  otherStream: (stream: string, domain: string | undefined, expected: string) =>
    `a message was stored in ${stream}${domain === undefined ? '' : ` of the domain ${domain}`} instead of ${expected}`,
  noSeq: 'an acknowledgement without a sequence number: the message may not have been stored',
  late: (ms: number) => `no acknowledgement within ${Math.round(ms)} ms`,
  tooLarge: (bytes: number, limit: number) =>
    `${bytes} bytes; the server limits messages with headers to ${limit}`,
} as const;
