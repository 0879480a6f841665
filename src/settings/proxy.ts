// HTTP proxies (contract C6): which one leads to a URL, and what its own URL may look like.
import { getProxyForUrl } from 'proxy-from-env';
import { UsageError } from '../errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** In order of precedence. */
const VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];
const HINT = 'accepted: http://[user:password@]host:port or https://…; to connect directly, omit it';

/** The variable that names a proxy, whether or not NO_PROXY exempts the host. */
export function findProxyVariable(env: Environment): string | undefined {
  return VARIABLES.find((name) => (env[name] ?? '') !== '');
}

/**
 * The proxy URL for `base` (an https URL), or undefined to connect directly.
 *
 * @throws UsageError when the variable is not a URL of an HTTP proxy; the message never shows its credentials
 */
export function findProxy(base: string, env: Environment): string | undefined {
  const name = findProxyVariable(env);
  // The library applies NO_PROXY, which it reads from the process.
  if (name === undefined || getProxyForUrl(base) === '') return undefined;
  return checkProxyUrl(env[name] ?? '', name);
}

/**
 * The URL, with `http://` where it has no scheme, as for curl.
 *
 * @param source where it came from, for the message
 * @throws UsageError that never shows its credentials
 */
export function checkProxyUrl(value: string, source: string): string {
  const url = value.includes('://') ? value : `http://${value}`;
  if (!URL.canParse(url)) throw new UsageError(`${source} is not a URL`, HINT);
  const { protocol, username, password } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new UsageError(`${source} names a ${protocol.slice(0, 20)}// proxy, which is not supported`, HINT);
  }
  try {
    // Both are decoded for the Proxy-Authorization header.
    decodeURIComponent(`${username}:${password}`);
  } catch {
    throw new UsageError(
      `the user name or password in ${source} is not URL-encoded`,
      `write % as %25; ${HINT}`,
    );
  }
  return url;
}
