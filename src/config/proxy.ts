// Which proxy, if any, leads to a URL: HTTPS_PROXY, ALL_PROXY, NO_PROXY in either case (contract C6).
// A bundle of its own, loaded only where one of them is set.
import { getProxyForUrl } from 'proxy-from-env';
import { UsageError } from '../errors.ts';

const NAMES = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'] as const;

/**
 * The proxy URL for `base` (an https URL), or undefined to connect directly.
 *
 * @throws UsageError when the variable is no URL of an HTTP proxy; the message never shows its credentials
 */
export function findProxy(
  base: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  // The library decides whether NO_PROXY applies; a proxy without a scheme is an http one, as for curl.
  if (getProxyForUrl(base) === '') return undefined;
  const name = NAMES.find((one) => env[one] !== undefined && env[one] !== '');
  if (name === undefined) return undefined;
  const value = env[name] ?? '';
  const url = value.includes('://') ? value : `http://${value}`;
  const hint = 'accepted: http://[user:password@]host:port or https://…; to connect directly, unset it';
  if (!URL.canParse(url)) throw new UsageError(`${name} is not a URL`, hint);
  const { protocol } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new UsageError(`${name} names a ${protocol.slice(0, 20)}// proxy, which is not supported`, hint);
  }
  if (!isEncoded(url))
    throw new UsageError(`the user or password in ${name} is not URL-encoded`, `a % is %25; ${hint}`);
  return url;
}

/** Whether user and password can be decoded, as they must be for the Proxy-Authorization header. */
function isEncoded(url: string): boolean {
  const { username, password } = new URL(url);
  try {
    for (const part of [username, password]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}
