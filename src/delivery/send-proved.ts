import type { OutChannel } from '../config/config.ts';
import { issue } from '../kernel/errors.ts';
import { failure, type Result } from '../kernel/result.ts';
import type { Credentials } from './credentials.ts';
import type { OutgoingAnswer, OutgoingRequest, SendHttp } from './outgoing-http.ts';

export interface ProvedRequest extends Omit<OutgoingRequest, 'url' | 'privateAddress' | 'tls'> {
  readonly signal: AbortSignal;
}

/**
 * Sends a request to the channel's address with what proves us there. A token that the partner takes no more is replaced
 * once. A 401 after that is no word on the message: it is worth another try when an operator has mended the credentials.
 */
export async function sendProved(
  request: ProvedRequest,
  channel: OutChannel,
  { sendHttp, credentials }: { readonly sendHttp: SendHttp; readonly credentials: Credentials },
): Promise<Result<OutgoingAnswer>> {
  for (let attempt = 1; ; attempt += 1) {
    const proof = await credentials.headersFor(channel, request.signal);
    if (!proof.ok) return proof;
    const { url, privateAddress, tls } = channel;
    const headers = { ...request.headers, ...proof.value };
    const sent = await sendHttp({ ...request, url, privateAddress, tls, headers });
    if (!sent.ok || sent.value.status !== 401 || channel.auth === undefined) return sent;
    if (credentials.refused(channel) && attempt === 1) continue;
    return failure(
      issue('delivery-credentials-unusable', 'The partner answered 401: it does not take our credentials.'),
    );
  }
}
