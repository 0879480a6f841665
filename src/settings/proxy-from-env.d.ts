declare module 'proxy-from-env' {
  /** The proxy URL for `url` by the variables of this process, or '' to connect directly. */
  export function getProxyForUrl(url: string): string;
}
