// Everything that can end an attempt or a connection: its messages and the rule that applies to it.
//
// One row per cause: what happened (`{host}`, `{detail}` and the like are filled in), what the user can do, and
// the name of the row in rules.ts that decides what the tool does next. docs/errors.md is printed from this.
import type { RuleName } from './rules.ts';

interface CauseRow {
  readonly rule: RuleName;
  /** One clause, lower case, no full stop. */
  readonly happened: string;
  /** One sentence in the imperative. */
  readonly remedy: string;
}

export const CAUSES = {
  'name-not-found': {
    rule: 'network',
    happened: 'the host name {host} was not found',
    remedy: 'Check the URL for a typing error, and that this machine can look names up.',
  },
  'name-lookup-failed': {
    rule: 'network',
    happened: 'looking up {host} failed ({detail})',
    remedy: 'Check the DNS settings and the network of this machine.',
  },
  refused: {
    rule: 'network',
    happened: '{host} refused the connection ({detail})',
    remedy: 'Check the port in the URL, and that the server is running.',
  },
  unreachable: {
    rule: 'network',
    happened: '{host} cannot be reached ({detail})',
    remedy: 'Check the network, a VPN or a firewall between here and there.',
  },
  'timed-out': {
    rule: 'network',
    happened: '{host} did not answer in time ({detail})',
    remedy: 'Check the network, or allow more time with --connect-timeout.',
  },
  reset: {
    rule: 'network',
    happened: '{host} broke the connection off ({detail})',
    remedy: 'Usually passes; if not, look for a firewall or proxy that cuts connections.',
  },
  'network-error': {
    rule: 'network',
    happened: 'the connection to {host} failed ({detail})',
    remedy: 'Check the network of this machine.',
  },
  'proxy-failed': {
    rule: 'network',
    happened: 'the proxy {proxy} did not open a tunnel to {host} ({detail})',
    remedy: 'Check the proxy; if {host} is reached without it, set NO_PROXY.',
  },
  unauthorized: {
    rule: 'key',
    happened: '{host} does not accept {key} ({detail})',
    remedy: 'It is unknown or revoked: {renew}.',
  },
  'key-outdated': {
    rule: 'outdatedKey',
    happened: '{host} no longer accepts {key} ({detail})',
    remedy: 'It was revoked or replaced: {renew}.',
  },
  forbidden: {
    rule: 'key',
    happened: '{host} has suspended {key} ({detail})',
    remedy: 'Settle the account or ask support, naming the request id.',
  },
  'no-credit': {
    rule: 'credit',
    happened: '{host} says that the credit of {key} is used up ({detail})',
    remedy: 'Top the balance up, then start again.',
  },
  rejected: {
    rule: 'request',
    happened: '{host} refused the request ({detail})',
    remedy: 'Check the base URL and its path; ask support, naming the request id.',
  },
  'rate-limited': {
    rule: 'rateLimit',
    happened: '{host} limits the rate of {key} ({detail})',
    remedy: 'Run fewer streams with this key, or wait as long as the server asks.',
  },
  unavailable: {
    rule: 'unavailable',
    happened: '{host} is unavailable for now ({detail})',
    remedy: 'Usually passes; if it stays, ask support, naming the request id.',
  },
  redirect: {
    rule: 'redirect',
    happened: '{host} answered with a redirect, which is never followed ({detail})',
    remedy: 'Give the final address with --url; the key is sent to no other host.',
  },
  'not-atlantis': {
    rule: 'foreign',
    happened: 'the answer did not come from Atlantis ({detail})',
    remedy: 'Check the URL, and any proxy or gateway on the way to {host}.',
  },
  'proxy-refused': {
    rule: 'foreign',
    happened: 'the proxy {proxy} refused the tunnel to {host}; that did not come from Atlantis ({detail})',
    remedy: 'Check the credentials in HTTPS_PROXY, or have the proxy allow this host.',
  },
  'certificate-expired': {
    rule: 'trust',
    happened: 'the certificate of {host} has expired ({detail})',
    remedy: 'Tell whoever runs the server; check the clock of this machine.',
  },
  'certificate-not-yet-valid': {
    rule: 'trust',
    happened: 'the certificate of {host} is not valid yet ({detail})',
    remedy: 'Check the clock of this machine.',
  },
  'certificate-self-signed': {
    rule: 'trust',
    happened: 'the certificate of {host} is self-signed ({detail})',
    remedy: 'If you trust it, give it with --ca-cert <file>.',
  },
  'certificate-unknown-issuer': {
    rule: 'trust',
    happened: 'the certificate of {host} comes from an unknown issuer ({detail})',
    remedy: 'Behind a company proxy, give its root certificate with --ca-cert <file>.',
  },
  'certificate-wrong-host': {
    rule: 'trust',
    happened: 'the certificate of {host} is for another host ({detail})',
    remedy: 'Check the host name in the URL.',
  },
  'certificate-refused': {
    rule: 'trust',
    happened: 'the certificate of {host} cannot be trusted ({detail})',
    remedy: 'Tell whoever runs the server; a private root goes into --ca-cert <file>.',
  },
  'client-certificate-demanded': {
    rule: 'trust',
    happened: '{host} demands a client certificate ({detail})',
    remedy: 'The Atlantis API does not do that: check the URL and any gateway in between.',
  },
  'tls-version': {
    rule: 'trust',
    happened: '{host} offers no TLS version that is safe to use ({detail})',
    remedy: 'The server must speak TLS 1.2 or newer.',
  },
  'tls-handshake': {
    rule: 'trust',
    happened: 'the TLS handshake with {host} failed ({detail})',
    remedy: 'Tell whoever runs it: it wants a cipher or a name that this tool lacks.',
  },
  'tls-to-plaintext': {
    rule: 'upgrade',
    happened: '{host} does not speak TLS on this port ({detail})',
    remedy: 'Check the port; a local server without TLS needs http:// or ws:// in the URL.',
  },
  'plaintext-to-tls': {
    rule: 'upgrade',
    happened: '{host} expects TLS on this port ({detail})',
    remedy: 'Use https:// or wss:// in the URL.',
  },
  'not-websocket': {
    rule: 'upgrade',
    happened: '{host} did not open a WebSocket ({detail})',
    remedy: 'Check the URL: it must be the base URL that came with the key.',
  },
  'no-welcome': {
    rule: 'welcome',
    happened: '{host} opened the stream but sent no welcome ({detail})',
    remedy: 'Check the URL; if it is right, ask support, naming the request id.',
  },
  'bad-welcome': {
    rule: 'welcome',
    happened: 'the first message from {host} was not the welcome ({detail})',
    remedy: 'Check the URL: another service may be listening there.',
  },
  dropped: {
    rule: 'loss',
    happened: 'the connection to {host} was lost ({detail})',
    remedy: 'Usually passes; if not, a firewall or proxy may cut idle connections.',
  },
  silent: {
    rule: 'loss',
    happened: 'the connection to {host} is dead ({detail})',
    remedy: 'Usually the network in between; see --ping-interval and --pong-timeout.',
  },
  'closed-by-server': {
    rule: 'loss',
    happened: '{host} closed the stream ({detail})',
    remedy: 'Usually a restart of the service; it passes.',
  },
  'closed-normally': {
    rule: 'normalClose',
    happened: '{host} ended the stream ({detail})',
    remedy: 'If it ends again and again at once, ask support.',
  },
  'closed-by-policy': {
    rule: 'policyClose',
    happened: '{host} ended the stream on purpose ({detail})',
    remedy: 'The next attempt tells why: the key may be revoked or suspended.',
  },
  'closed-for-protocol': {
    rule: 'frames',
    happened: '{host} closed the stream over the protocol ({detail})',
    remedy: 'Report it, with the version of this tool and the request id.',
  },
  'bad-frames': {
    rule: 'frames',
    happened: '{host} broke the WebSocket protocol ({detail})',
    remedy: 'Something in between may damage the data; if not, report the request id.',
  },
  'nats-unauthorized': {
    rule: 'key',
    happened: '{host} does not accept the credentials for NATS ({detail})',
    remedy: 'Check --nats-creds, NATS_CREDS, NATS_NKEY, NATS_USER or NATS_TOKEN.',
  },
  'nats-forbidden': {
    rule: 'key',
    happened: '{host} does not permit this user what is needed ({detail})',
    remedy: 'Ask whoever runs it for the permissions in docs/relay.md.',
  },
  'nats-no-stream': {
    rule: 'absent',
    happened: '{host} has no such JetStream stream ({detail})',
    remedy: 'Check the name; `relay` makes a stream with --create.',
  },
  'nats-other-stream': {
    rule: 'request',
    happened: 'the stream on {host} does not fit ({detail})',
    remedy: 'Give another --stream or --subject, or let it take these too.',
  },
  'nats-refused': {
    rule: 'request',
    happened: '{host} refused a request to JetStream ({detail})',
    remedy: 'Ask whoever runs it: these are the words of the server.',
  },
  'nats-unavailable': {
    rule: 'unavailable',
    happened: '{host} cannot use JetStream for now ({detail})',
    remedy: 'Usually passes; if it stays, look whether JetStream is enabled there.',
  },
  'nats-trimmed': {
    rule: 'loss',
    happened: 'the stream on {host} no longer keeps what comes next ({detail})',
    remedy: 'Let the stream keep messages for longer, or read them sooner.',
  },
  'nats-recreated': {
    rule: 'loss',
    happened: 'the stream on {host} was created again or restored ({detail})',
    remedy: 'Reading begins with its first message; what it lost is gone.',
  },
  'not-nats': {
    rule: 'upgrade',
    happened: '{host} does not speak NATS ({detail})',
    remedy: 'Check the port: that for clients is not that of the cluster.',
  },
} as const satisfies Record<string, CauseRow>;

export type CauseKind = keyof typeof CAUSES;
