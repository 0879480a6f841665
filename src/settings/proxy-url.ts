// What a URL of an HTTP proxy looks like (contract C6); whoever gave it.
import { UsageError } from '../errors.ts';

/** The name of the variable that sets a proxy, if one does; the first of these wins, as for curl. */
export function findProxyVariable(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const names = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];
  return names.find((name) => (env[name] ?? '') !== '');
}

/**
 * The URL, with `http://` where it has no scheme, as for curl.
 *
 * @param source where it came from, for the message
 * @throws UsageError that never shows its credentials
 */
export function checkProxyUrl(value: string, source: string): string {
  const url = value.includes('://') ? value : `http://${value}`;
  const hint = 'accepted: http://[user:password@]host:port or https://…; to connect directly, leave it away';
  if (!URL.canParse(url)) throw new UsageError(`${source} is not a URL`, hint);
  const { protocol } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new UsageError(`${source} names a ${protocol.slice(0, 20)}// proxy, which is not supported`, hint);
  }
  if (!isEncoded(url)) {
    throw new UsageError(`the user or password in ${source} is not URL-encoded`, `a % is %25; ${hint}`);
  }
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
