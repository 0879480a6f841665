// Which proxy, if any, leads to a URL: HTTPS_PROXY, ALL_PROXY, NO_PROXY in either case (contract C6).
// A bundle of its own, loaded only where one of them is set.
import { getProxyForUrl } from 'proxy-from-env';
import { checkProxyUrl, findProxyVariable } from './proxy-url.ts';

/**
 * The proxy URL for `base` (an https URL), or undefined to connect directly.
 *
 * @throws UsageError when the variable is no URL of an HTTP proxy; the message never shows its credentials
 */
export function findProxy(
  base: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  // The library decides whether NO_PROXY applies.
  if (getProxyForUrl(base) === '') return undefined;
  const name = findProxyVariable(env);
  if (name === undefined) return undefined;
  return checkProxyUrl(env[name] ?? '', name);
}
