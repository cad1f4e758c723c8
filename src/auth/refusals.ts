/**
 * The errors of a token endpoint (RFC 6749 section 5.2), and for "too many requests" one of its section 4.1.2.1, because
 * 5.2 has none: the status, 429, says it.
 */
export type OAuthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'temporarily_unavailable';

interface RefusalRule {
  readonly error: OAuthError;
  readonly description: string;
}

/**
 * One sentence for everything that depends on who is registered with which keys, so that an answer does not tell a
 * stranger which client ids exist. The audit has the true reason.
 */
const NOT_ACCEPTED: RefusalRule = {
  error: 'invalid_client',
  description:
    'The client is not known here, or its assertion is not signed with a key that it has registered. Check the client id, the kid and the key set.',
};

/** Why a token is refused, and what the client is told. Nothing else in the code base words a refusal. */
export const REFUSALS = {
  'content-type': { error: 'invalid_request', description: 'Send application/x-www-form-urlencoded.' },
  'body-too-large': { error: 'invalid_request', description: 'The request is too large.' },
  'body-unreadable': {
    error: 'invalid_request',
    description: 'The body could not be read. Send it as it is, without a Content-Encoding, and whole.',
  },
  'parameter-repeated': { error: 'invalid_request', description: 'A parameter is given more than once.' },
  'grant-type-missing': { error: 'invalid_request', description: 'grant_type is missing; it is client_credentials.' },
  'grant-type-unsupported': {
    error: 'unsupported_grant_type',
    description: 'grant_type can only be client_credentials.',
  },
  'two-authentications': {
    error: 'invalid_request',
    description: 'Authenticate by client_assertion alone, without a client secret or an Authorization header.',
  },
  'assertion-missing': {
    error: 'invalid_client',
    description: 'Authenticate with client_assertion_type and client_assertion (SMART Backend Services).',
  },
  'assertion-type-unsupported': {
    error: 'invalid_client',
    description: 'client_assertion_type can only be urn:ietf:params:oauth:client-assertion-type:jwt-bearer.',
  },
  'assertion-malformed': { error: 'invalid_client', description: 'client_assertion is not a signed JWT.' },
  'algorithm-refused': { error: 'invalid_client', description: 'The assertion must be signed with RS384 or ES384.' },
  'header-refused': {
    error: 'invalid_client',
    description: "The assertion's header must not bring a key, a certificate or critical extensions.",
  },
  'typ-wrong': { error: 'invalid_client', description: "The assertion's header typ must be JWT." },
  'kid-missing': {
    error: 'invalid_client',
    description: "The assertion's header kid must name one of the client's keys.",
  },
  'issuer-not-subject': {
    error: 'invalid_client',
    description: "The assertion's iss and sub must both be the client id.",
  },
  'client-id-differs': { error: 'invalid_client', description: 'client_id is not the client of the assertion.' },
  'audience-wrong': {
    error: 'invalid_client',
    description: "The assertion's aud must be exactly the address of the token endpoint.",
  },
  'exp-missing': { error: 'invalid_client', description: "The assertion's exp is missing." },
  expired: { error: 'invalid_client', description: 'The assertion has expired. Check the clock.' },
  'exp-too-far': {
    error: 'invalid_client',
    description: "The assertion's exp is more than five minutes ahead. Check the clock.",
  },
  'not-yet-valid': {
    error: 'invalid_client',
    description: "The assertion's nbf or iat is in the future. Check the clock.",
  },
  'jti-missing': { error: 'invalid_client', description: "The assertion's jti is missing or too long." },
  'jti-used': {
    error: 'invalid_client',
    description: "The assertion's jti has been used before; sign a new assertion for each request.",
  },
  'token-missing': { error: 'invalid_request', description: 'token is missing.' },
  'token-of-another': { error: 'invalid_grant', description: 'The token was not issued to this client.' },
  'too-many-requests': {
    error: 'temporarily_unavailable',
    description: 'There were too many requests; wait as long as Retry-After says.',
  },
  'code-verifier-missing': {
    error: 'invalid_request',
    description: 'code_verifier is missing: the authorization code flow needs PKCE with S256.',
  },
  'login-grant-refused': {
    error: 'invalid_grant',
    description: 'The identity provider does not take this code or refresh token, or not with this redirect_uri.',
  },
  'login-client-refused': {
    error: 'invalid_client',
    description: 'The identity provider does not know this application, or not by this proof.',
  },
  'login-scope-refused': { error: 'invalid_scope', description: 'The identity provider does not give these scopes.' },
  'login-request-refused': { error: 'invalid_request', description: 'The identity provider refuses the request.' },
  'login-token-refused': {
    error: 'invalid_grant',
    description: 'What the identity provider gave is no access token for this gateway: check audience and claims.',
  },
  'issuer-unavailable': {
    error: 'temporarily_unavailable',
    description: 'The identity provider does not answer. Try again in a moment.',
  },
  'client-unknown': NOT_ACCEPTED,
  'jku-not-registered': NOT_ACCEPTED,
  'key-unknown': NOT_ACCEPTED,
  'keys-unavailable': NOT_ACCEPTED,
  'signature-invalid': NOT_ACCEPTED,
  'scope-invalid': {
    error: 'invalid_scope',
    description:
      'A scope is not of the form system/<type>.<cruds>, system/<type>.<cruds>?<search> or intake, or there are too many.',
  },
  'scope-query-invalid': {
    error: 'invalid_scope',
    description:
      'A scope is restricted by a search parameter that its type has not, or that looks beyond the resource.',
  },
  'scope-not-registered': {
    error: 'invalid_scope',
    description: 'None of these scopes is registered for this client.',
  },
} as const satisfies Record<string, RefusalRule>;

export type RefusalReason = keyof typeof REFUSALS;

/** Thrown on the way through the token endpoint, which answers it. */
export class TokenRefusal extends Error {
  readonly reason: RefusalReason;
  /** How long to wait, where that is the reason. */
  readonly waitMs: number | undefined;

  constructor(reason: RefusalReason, waitMs?: number) {
    super(`the token is refused: ${reason}`);
    this.name = 'TokenRefusal';
    this.reason = reason;
    this.waitMs = waitMs;
  }
}
