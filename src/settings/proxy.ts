// Proxies (contract C6): which one to use for a URL, and checks of the URL of the proxy.
import { BlockList, isIP } from 'node:net';
import { dropBrackets } from '../connection/dial/address.ts';
import { UsageError } from '../errors.ts';
import type { Environment } from '../io/platform.ts';
import * as say from './messages.ts';

/** In order of precedence, as for curl. */
const VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];

/** The variable that names a proxy, whether or not NO_PROXY exempts the host. */
export function findProxyVariable(env: Environment): string | undefined {
  return VARIABLES.find((name) => (env[name] ?? '') !== '');
}

/**
 * The proxy URL for `base` (an https URL), or undefined to connect directly.
 *
 * @throws UsageError if the variable is not the URL of a proxy; the message never shows the credentials
 */
export function findProxy(base: string, env: Environment): string | undefined {
  const name = findProxyVariable(env);
  if (name === undefined || isExempt(new URL(base), env['no_proxy'] || env['NO_PROXY'] || ''))
    return undefined;
  return checkProxyUrl(env[name] ?? '', name);
}

/** `name`, `name:port` or `[address]:port`. An IPv6 address without brackets does not match. */
const ENTRY = /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^:]*))(?::(?<port>\d+))?$/;

/** The rules are those of curl. Ports, brackets and `*.name`, which curl does not support, work as well. */
function isExempt({ hostname, port }: URL, noProxy: string): boolean {
  const host = dropBrackets(hostname).replace(/\.$/, '');
  return noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const { bracketed, plain, port: onlyPort = '' } = ENTRY.exec(entry)?.groups ?? {};
      const name = bracketed ?? plain ?? entry;
      if (onlyPort !== '' && onlyPort !== (port || '443')) return false;
      return name === '*' || (isIP(host) === 0 ? isWithinDomain(host, name) : isWithinNetwork(host, name));
    });
}

function isWithinDomain(host: string, name: string): boolean {
  const domain = name.toLowerCase().replace(/^\*?\.|\.$/g, '');
  return domain !== '' && `.${host}`.endsWith(`.${domain}`);
}

function isWithinNetwork(host: string, network: string): boolean {
  const [address = '', length] = network.split('/');
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  const bits = length === undefined ? (family === 'ipv4' ? 32 : 128) : Number(length || Number.NaN);
  const list = new BlockList();
  try {
    list.addSubnet(address, bits, family);
  } catch {
    // An invalid address or prefix length.
    return false;
  }
  return list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

/** The maximum length of a user name or password in SOCKS 5 (RFC 1929). */
const MAX_SOCKS_BYTES = 255;

/** Adds `http://` to a URL without a scheme, as curl does. @throws UsageError, which never shows the credentials */
export function checkProxyUrl(value: string, source: string): string {
  const url = value.includes('://') ? value : `http://${value}`;
  // At a #, / or ? the URL parser would end the authority, and the user name would be the host.
  if (/:\/\/[^@]*[/?#][^@]*@/.test(url)) throw new UsageError(...say.sayProxyUnencoded(source));
  if (!URL.canParse(url) || new URL(url).hostname === '')
    throw new UsageError(...say.sayProxyNotAUrl(source));
  const { protocol, username, password } = new URL(url);
  if (!['http:', 'https:', 'socks5:', 'socks5h:'].includes(protocol)) {
    throw new UsageError(...say.sayProxyUnsupported(source, protocol));
  }
  let login: string[];
  try {
    login = [username, password].map(decodeURIComponent);
  } catch {
    throw new UsageError(...say.sayProxyWronglyEncoded(source));
  }
  if (protocol.startsWith('socks') && login.some((text) => Buffer.byteLength(text) > MAX_SOCKS_BYTES)) {
    throw new UsageError(...say.sayProxyLoginTooLong(source));
  }
  return url;
}
