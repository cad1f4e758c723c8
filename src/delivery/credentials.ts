import { parseClientKey } from '../auth/demo-clients.ts';
import { signAssertion } from '../auth/sign-assertion.ts';
import type { OutAuth, OutChannel } from '../config/config.ts';
import { readSecret, readSecretFile } from '../config/read-tls.ts';
import type { Clock } from '../kernel/clock.ts';
import { GinnelError, issue } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { isJsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { SendHttp } from './outgoing-http.ts';

export interface CredentialsParts {
  readonly sendHttp: SendHttp;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** What proves us to the partners. */
export interface Credentials {
  /**
   * Headers for a request to the channel's address and to no other. Fails with `delivery-credentials-unusable`, which is
   * worth another try: an operator mends it, and the delivery is still owed.
   */
  headersFor(channel: OutChannel, signal: AbortSignal): Promise<Result<Readonly<Record<string, string>>>>;
  /** The partner has refused these headers: true where fresh ones can be had, by asking again. */
  refused(channel: OutChannel): boolean;
}

interface HeldToken {
  readonly value: string;
  readonly usableUntilMs: number;
}

/** RFC 6750 section 2.1. */
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]{1,8000}=*$/;

/**
 * Secrets are read when they are needed, so that a file can be replaced while the gateway runs; a token is kept until it
 * is near its end. Nothing of them is logged or put into an issue.
 */
export function createCredentials(parts: CredentialsParts): Credentials {
  const tokens = new Map<OutChannel, HeldToken>();
  const underWay = new Map<OutChannel, Promise<Result<string>>>();

  const tokenFor = (channel: OutChannel, auth: OutAuth & { kind: 'smart' }, signal: AbortSignal) => {
    const held = tokens.get(channel);
    if (held !== undefined && parts.clock.now().getTime() < held.usableUntilMs) return success(held.value);
    const already = underWay.get(channel);
    if (already !== undefined) return already;
    const promise = askToken(channel, auth, signal, parts)
      .then((answer): Result<string> => {
        if (!answer.ok) return answer;
        tokens.set(channel, answer.value);
        return success(answer.value.value);
      })
      .finally(() => underWay.delete(channel));
    underWay.set(channel, promise);
    return promise;
  };

  return {
    headersFor: async (channel, signal) => {
      const { auth } = channel;
      try {
        switch (auth?.kind) {
          case undefined:
            return success({});
          case 'basic': {
            const pair = Buffer.from(`${auth.user}:${readSecret(auth.password)}`, 'utf8').toString('base64');
            return success({ Authorization: `Basic ${pair}` });
          }
          case 'api-key':
            return success({ [auth.header]: headerValue(readSecret(auth.secret)) });
          case 'smart': {
            const token = await tokenFor(channel, auth, signal);
            return token.ok ? success({ Authorization: `Bearer ${token.value}` }) : token;
          }
        }
      } catch (fault) {
        if (fault instanceof GinnelError) return unusable(fault.issues[0]?.text ?? '');
        throw fault;
      }
    },
    refused: (channel) => tokens.delete(channel),
  };
}

/** SMART Backend Services, the client's side: one signed assertion, one token. */
async function askToken(
  channel: OutChannel,
  auth: OutAuth & { kind: 'smart' },
  signal: AbortSignal,
  { sendHttp, clock, timeoutMs }: CredentialsParts,
): Promise<Result<HeldToken>> {
  const key = await parseClientKey(readSecretFile(auth.keyFile), auth.keyFile);
  const now = clock.now();
  const assertion = await signAssertion({
    clientId: auth.clientId,
    key,
    tokenUrl: auth.tokenUrl,
    now,
    jti: newId(),
  });
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    scope: auth.scope,
  });
  const isOwnOrigin = new URL(auth.tokenUrl).origin === new URL(channel.url).origin;
  const sent = await sendHttp({
    url: auth.tokenUrl,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
    body: Buffer.from(form.toString(), 'utf8'),
    timeoutMs,
    privateAddress: channel.privateAddress,
    // A client certificate, too, is for the partner's own origin.
    tls: isOwnOrigin ? channel.tls : undefined,
    signal,
  });
  if (!sent.ok) return sent;
  if (sent.value.status !== 200) return unusable(`The partner’s token endpoint answered ${sent.value.status}.`);
  return readToken(sent.value.body, now);
}

function readToken(body: Uint8Array, now: Date): Result<HeldToken> {
  let answer: unknown;
  try {
    answer = JSON.parse(new TextDecoder().decode(body));
  } catch {
    answer = undefined;
  }
  const { access_token: value, token_type: type, expires_in: seconds } = isJsonObject(answer) ? answer : {};
  const isBearer = typeof type === 'string' && type.toLowerCase() === 'bearer';
  if (!isBearer || typeof value !== 'string' || !BEARER_TOKEN.test(value))
    return unusable('The partner’s token endpoint answered 200 without a bearer token.');
  const livesMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : 0;
  return success({ value, usableUntilMs: now.getTime() + livesMs - LIMITS.outgoingTokenMarginMs });
}

/** A secret that would end the header's line must not become a header of its own. */
function headerValue(secret: string): string {
  if (/^[\x21-\x7e]{1,4096}$/.test(secret)) return secret;
  throw new GinnelError([issue('config-invalid', 'The secret holds characters that no header can carry.')]);
}

function unusable(text: string): Result<never> {
  return failure(issue('delivery-credentials-unusable', text));
}
