import { issue } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { isJsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { type ClientKey, signAssertion } from './sign-assertion.ts';

export interface TokenAnswer {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** What was granted, which may be less than was asked. */
  readonly scope: string;
}

export interface TokenAsk {
  /** Where the request is sent. */
  readonly tokenUrl: string;
  /** What the server calls its token endpoint, if that differs: behind a port map, say. */
  readonly audience?: string | undefined;
  readonly clientId: string;
  readonly key: ClientKey;
  /** Separated by spaces. */
  readonly scope: string;
}

/** Asks a token endpoint for a token. Fails with `gateway-unreachable` or `token-refused`. */
export async function requestToken(ask: TokenAsk): Promise<Result<TokenAnswer>> {
  const assertion = await signAssertion({
    clientId: ask.clientId,
    key: ask.key,
    tokenUrl: ask.audience ?? ask.tokenUrl,
    now: new Date(),
    jti: newId(),
  });
  let status: number;
  let body: unknown;
  try {
    const response = await fetch(ask.tokenUrl, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(LIMITS.deliveryTimeoutMs),
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
        scope: ask.scope,
      }),
    });
    status = response.status;
    body = await response.json().catch(() => undefined);
  } catch {
    return failure(issue('gateway-unreachable', `Nothing answers at ${ask.tokenUrl}.`));
  }
  if (!isJsonObject(body))
    return failure(issue('token-refused', `${ask.tokenUrl} answered ${status}, but not as a token endpoint.`));
  const {
    access_token: accessToken,
    expires_in: expiresInSeconds,
    scope,
    error,
    error_description: description,
  } = body;
  if (status !== 200 || typeof accessToken !== 'string') {
    const why = [error, description].filter((part) => typeof part === 'string').join(': ');
    return failure(
      issue('token-refused', `The token was refused with status ${status}${why === '' ? '.' : `: ${why}`}`),
    );
  }
  return success({ accessToken, expiresInSeconds: Number(expiresInSeconds), scope: String(scope ?? ask.scope) });
}
