// Everything that can end an attempt or a connection, with its messages. docs/errors.md is generated from this table.
// `describeCause` of lifecycle.ts fills in `{host}` and the other placeholders.

interface CauseRow<Rule extends string> {
  /** The row of RULES in retry-policy.ts, which decides whether the attempt is retried. */
  readonly rule: Rule;
  /** What happened: one clause, lower case, no full stop. */
  readonly happened: string;
  /** What to do next, in the same style. */
  readonly remedy: string;
}

/** The public type has the names, but not the texts. */
const defineCauses = <Kind extends string, Rule extends string>(
  rows: Readonly<Record<Kind, CauseRow<Rule>>>,
): typeof rows => rows;

export const CAUSES = defineCauses({
  'name-not-found': {
    rule: 'network',
    happened: 'the host name {host} was not found',
    remedy: 'check the URL for typos and that DNS works on this machine',
  },
  'name-lookup-failed': {
    rule: 'network',
    happened: 'the DNS lookup of {host} failed ({detail})',
    remedy: 'check the DNS settings and the network of this machine',
  },
  refused: {
    rule: 'network',
    happened: '{host} refused the connection ({detail})',
    remedy: 'check the port in the URL and that the server is running',
  },
  unreachable: {
    rule: 'network',
    happened: '{host} cannot be reached ({detail})',
    remedy: 'check the network, the VPN and the firewall',
  },
  'timed-out': {
    rule: 'network',
    happened: '{host} did not answer in time ({detail})',
    remedy: 'check the network, or allow more time with --connect-timeout',
  },
  reset: {
    rule: 'network',
    happened: '{host} reset the connection ({detail})',
    remedy: 'usually temporary; if not, a firewall or proxy may be closing connections',
  },
  'network-error': {
    rule: 'network',
    happened: 'the connection to {host} failed ({detail})',
    remedy: 'check the network of this machine',
  },
  'proxy-failed': {
    rule: 'network',
    happened: 'the proxy {proxy} did not open a tunnel to {host} ({detail})',
    remedy: 'check the proxy; if {host} is reachable without it, set NO_PROXY',
  },
  unauthorized: {
    rule: 'key',
    happened: '{host} does not accept {key} ({detail})',
    remedy: 'the key is unknown or revoked; {renew}',
  },
  'key-outdated': {
    rule: 'outdatedKey',
    happened: '{host} no longer accepts {key} ({detail})',
    remedy: 'the key was revoked or rotated; {renew}',
  },
  forbidden: {
    rule: 'key',
    happened: '{host} has suspended {key} ({detail})',
    remedy: 'settle the account, or contact support with the request id',
  },
  'no-credit': {
    rule: 'credit',
    happened: '{host} reports that the credit of {key} is used up ({detail})',
    remedy: 'top up the balance, then start again',
  },
  rejected: {
    rule: 'request',
    happened: '{host} rejected the request ({detail})',
    remedy: 'check the base URL and its path, or contact support with the request id',
  },
  'rate-limited': {
    rule: 'rateLimit',
    happened: '{host} has rate-limited {key} ({detail})',
    remedy: 'run fewer streams with this key, or wait for as long as the server asks',
  },
  unavailable: {
    rule: 'unavailable',
    happened: '{host} is temporarily unavailable ({detail})',
    remedy: 'if this continues, contact support with the request id',
  },
  redirect: {
    rule: 'redirect',
    happened: '{host} answered with a redirect, which is never followed ({detail})',
    remedy: 'set --url to the final address; the key is never sent to another host',
  },
  'not-atlantis': {
    rule: 'foreign',
    happened: 'the response did not come from Atlantis ({detail})',
    remedy: 'check the URL, and any proxy or gateway in front of {host}',
  },
  'proxy-refused': {
    rule: 'foreign',
    happened: 'the proxy {proxy}, not Atlantis, refused the tunnel to {host} ({detail})',
    remedy: 'check the login in HTTPS_PROXY or ALL_PROXY, or allow this host in the proxy',
  },
  'proxy-login-unsupported': {
    rule: 'foreign',
    happened: 'the proxy {proxy} to {host} requires a login that is not supported ({detail})',
    remedy: 'only Basic is supported; use a local proxy that logs in, such as cntlm or px',
  },
  'certificate-expired': {
    rule: 'trust',
    happened: 'the certificate of {host} has expired ({detail})',
    remedy: 'contact the server operator, and check the clock of this machine',
  },
  'certificate-not-yet-valid': {
    rule: 'trust',
    happened: 'the certificate of {host} is not valid yet ({detail})',
    remedy: 'check the clock of this machine',
  },
  'certificate-self-signed': {
    rule: 'trust',
    happened: 'the certificate of {host} is self-signed ({detail})',
    remedy: 'if you trust it, pass it with --ca-cert <file>',
  },
  'certificate-unknown-issuer': {
    rule: 'trust',
    happened: 'the certificate of {host} has an unknown issuer ({detail})',
    remedy: 'trust its root with --ca-cert <file>, or --system-ca if this system has it',
  },
  'certificate-wrong-host': {
    rule: 'trust',
    happened: 'the certificate of {host} is for another host ({detail})',
    remedy: 'check the host name in the URL',
  },
  'certificate-refused': {
    rule: 'trust',
    happened: 'the certificate of {host} is not trusted ({detail})',
    remedy: 'contact the server operator; for a private root, use --ca-cert or --system-ca',
  },
  'not-loopback': {
    rule: 'trust',
    happened: '{host} is not this machine, so the connection must be encrypted ({detail})',
    remedy: 'use TLS, or correct the address of this name, for example in /etc/hosts',
  },
  'client-certificate-demanded': {
    rule: 'trust',
    happened: '{host} requires a client certificate ({detail})',
    remedy: 'client certificates are not supported; check the URL and any gateway',
  },
  'tls-version': {
    rule: 'trust',
    happened: '{host} does not support a secure TLS version ({detail})',
    remedy: 'the server must support TLS 1.2 or newer',
  },
  'tls-handshake': {
    rule: 'trust',
    happened: 'the TLS handshake with {host} failed ({detail})',
    remedy: 'ask the server operator which ciphers and server names are accepted',
  },
  'tls-to-plaintext': {
    rule: 'upgrade',
    happened: '{host} does not speak TLS on this port ({detail})',
    remedy: 'check the port; a proxy or local server without TLS needs an http:// URL',
  },
  'plaintext-to-tls': {
    rule: 'upgrade',
    happened: '{host} expects TLS on this port ({detail})',
    remedy: 'use https:// in {url}',
  },
  'not-websocket': {
    rule: 'upgrade',
    happened: '{host} did not open a WebSocket ({detail})',
    remedy: 'check the URL: use the base URL that came with the key',
  },
  'not-http': {
    rule: 'upgrade',
    happened: '{host} did not answer with HTTP ({detail})',
    remedy: 'check the port in the URL: another service may be listening there',
  },
  'no-welcome': {
    rule: 'welcome',
    happened: '{host} opened the stream but sent no welcome ({detail})',
    remedy: 'check the URL; if it is right, contact support with the request id',
  },
  'bad-welcome': {
    rule: 'welcome',
    happened: 'the first message from {host} was not the welcome ({detail})',
    remedy: 'check the URL: another service may be listening there',
  },
  dropped: {
    rule: 'loss',
    happened: 'the connection to {host} was lost ({detail})',
    remedy: 'usually temporary; if not, a firewall or proxy may be closing idle connections',
  },
  'idle-cut': {
    rule: 'loss',
    happened: 'the connection to {host} was cut again while idle ({detail})',
    remedy: 'a load balancer cuts idle connections: set a shorter --ping-interval',
  },
  silent: {
    rule: 'loss',
    happened: 'the connection to {host} is dead ({detail})',
    remedy: 'usually a network problem; see --ping-interval and --pong-timeout',
  },
  'closed-by-server': {
    rule: 'loss',
    happened: '{host} closed the stream ({detail})',
    remedy: 'usually a restart of the service, and temporary',
  },
  'closed-normally': {
    rule: 'normalClose',
    happened: '{host} ended the stream ({detail})',
    remedy: 'if it keeps ending the stream at once, contact support',
  },
  'closed-by-policy': {
    rule: 'policyClose',
    happened: '{host} ended the stream on purpose ({detail})',
    remedy: 'the next attempt shows why: the key may be revoked or suspended',
  },
  'closed-for-protocol': {
    rule: 'frames',
    happened: '{host} closed the stream because of a protocol error ({detail})',
    remedy: 'report this, with the version of atlantis and the request id',
  },
  'bad-frames': {
    rule: 'frames',
    happened: '{host} violated the WebSocket protocol ({detail})',
    remedy: 'a proxy may be damaging the data; otherwise, report the request id',
  },
  'nats-unauthorized': {
    rule: 'key',
    happened: '{host} does not accept the NATS credentials ({detail})',
    remedy: 'check --nats-creds, NATS_CREDS, NATS_NKEY, NATS_USER or NATS_TOKEN',
  },
  'nats-no-tls': {
    rule: 'trust',
    happened: '{host} does not offer TLS ({detail})',
    remedy: 'use a server with TLS, or a nats:// URL with --allow-plaintext (unencrypted)',
  },
  'nats-forbidden': {
    rule: 'key',
    happened: '{host} denies this user a required permission ({detail})',
    remedy: 'ask the server operator for the permissions in docs/relay.md',
  },
  'nats-no-stream': {
    rule: 'absent',
    happened: '{host} has no such JetStream stream ({detail})',
    remedy: 'check the name; `relay --create` creates a stream',
  },
  'nats-other-stream': {
    rule: 'request',
    happened: 'the stream on {host} does not match the subjects ({detail})',
    remedy: 'use another --stream or --subject, or change the subjects of the stream',
  },
  'nats-refused': {
    rule: 'request',
    happened: '{host} rejected a JetStream request ({detail})',
    remedy: "show this error to the server operator; it contains the server's own message",
  },
  'nats-unavailable': {
    rule: 'unavailable',
    happened: 'the JetStream service on {host} is not responding ({detail})',
    remedy: 'usually temporary; if not, check that nats-server runs with -js',
  },
  'nats-trimmed': {
    rule: 'loss',
    happened: 'the stream on {host} has already deleted the next messages ({detail})',
    remedy: 'raise the limits of the stream, or read its messages sooner',
  },
  'nats-recreated': {
    rule: 'loss',
    happened: 'the stream on {host} was recreated or restored ({detail})',
    remedy: 'reading restarts at its first message; lost messages cannot be recovered',
  },
  'not-nats': {
    rule: 'upgrade',
    happened: '{host} does not speak NATS ({detail})',
    remedy: 'check the port: use the client port, not the cluster port',
  },
});

export type CauseKind = keyof typeof CAUSES;

export type RuleName = (typeof CAUSES)[CauseKind]['rule'];
