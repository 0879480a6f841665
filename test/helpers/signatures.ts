// Secrets of Standard Webhooks, and its official library as the receiver.
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type { HttpEndpoint } from './http-endpoint.ts';

export const makeSigningSecret = (fill: number): string =>
  `whsec_${Buffer.alloc(32, fill).toString('base64')}`;

/** Whether the official library accepts the request. */
export function isSignedBy(
  secret: string,
  { body, headers }: Pick<HttpEndpoint['requests'][number], 'body' | 'headers'>,
): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}
