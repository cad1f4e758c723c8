import { type CryptoKey, SignJWT } from 'jose';
import { LIMITS } from '../kernel/limits.ts';
import type { AssertionAlgorithm } from './key-set.ts';

/** A key with which a client signs. */
export interface ClientKey {
  readonly algorithm: AssertionAlgorithm;
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

/** Less than an assertion may live, so that a clock which is a little ahead does not spoil it. */
const LIFETIME_SECONDS = LIMITS.assertionLifetimeSecondsMax - 60;

/** The client's side of SMART Backend Services: a one-time JWT that proves who is asking for a token. */
export async function signAssertion(assertion: {
  readonly clientId: string;
  readonly key: ClientKey;
  /** The token endpoint's address, as the server knows itself. */
  readonly tokenUrl: string;
  readonly now: Date;
  /** Never the same twice. */
  readonly jti: string;
}): Promise<string> {
  const issuedAt = Math.floor(assertion.now.getTime() / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: assertion.key.algorithm, typ: 'JWT', kid: assertion.key.kid })
    .setIssuer(assertion.clientId)
    .setSubject(assertion.clientId)
    .setAudience(assertion.tokenUrl)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFETIME_SECONDS)
    .setJti(assertion.jti)
    .sign(assertion.key.privateKey);
}
