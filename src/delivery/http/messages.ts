// Messages about HTTP endpoints: their URL in `--to`, and what they answer.
import type { ErrorText } from '../../errors.ts';

const ACCEPTED =
  'accepted: nats://…, tls://…, https://…, and http:// to this machine, or elsewhere with --allow-http';

export const sayNoEndpoint = (flag: string): ErrorText => [
  `${flag}: not a URL that events can be sent to`,
  ACCEPTED,
];

export const sayLoginInUrl = (flag: string): ErrorText => [
  `${flag}: a user name or password is not allowed in the URL of a sink`,
  'use --header-env Authorization=<NAME of an environment variable>',
];

export const sayFragmentInUrl = (flag: string): ErrorText => [
  `${flag}: a fragment (#) is not allowed in the URL`,
  ACCEPTED,
];

export const sayUnencrypted = (flag: string, name: string): ErrorText => [
  `${flag}: ${name} is neither encrypted nor on this machine`,
  'use https://, or allow it with --allow-http',
];

export const describeStatus = (status: number, excerpt: string): string =>
  `HTTP ${status}${excerpt === '' ? '' : `: ${excerpt}`}`;

export const sayAnswered = (host: string, why: string): string => `${host} answered ${why}`;

export const sayNotAccepted = (host: string, why: string, isRedirect: boolean): ErrorText => [
  `${host} did not accept the events: it answered ${why}`,
  isRedirect
    ? 'redirects are not followed: pass the final address of the sink'
    : 'check the address of the sink: it is not an endpoint for events',
];

export const sayEndpointRefuses = (host: string, why: string): ErrorText => [
  sayAnswered(host, why),
  'check the address of the sink and its credentials',
];

export const INCOMPLETE = 'the response was incomplete';
