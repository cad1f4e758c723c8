/** Every bound in the gateway, in one place, each with its unit in its name. */
export const LIMITS = {
  /** A message or FHIR request body. */
  bodyBytesMax: 5 * 1024 * 1024,
  /** Nesting of a payload or a resource. */
  depthMax: 64,
  /** Values in one payload: JSON members and items, XML elements and attributes, CSV cells, HL7 v2 fields. */
  fieldsMax: 200_000,
  /** Form body of the token endpoint. */
  tokenBodyBytesMax: 64 * 1024,
  /** A key set fetched from a client's JWKS address. */
  jwksBytesMax: 64 * 1024,
  jwksTimeoutMs: 3_000,
  /** How long a client's signed assertion may live (SMART Backend Services). */
  assertionLifetimeSecondsMax: 300,
  accessTokenLifetimeSeconds: 300,
  /** Evaluation steps of one run of a mapping. */
  mappingStepsMax: 2_000_000,
  /** Items a single expression may return. */
  mappingItemsMax: 100_000,
  /** Characters of one FHIRPath expression, and its nesting. */
  expressionCharsMax: 20_000,
  expressionDepthMax: 128,
  /** Resources on one page of search results. */
  searchCountDefault: 20,
  searchCountMax: 200,
  /** Values separated by commas in one search parameter, and parameters in one search. */
  searchValuesMax: 50,
  searchParametersMax: 30,
  /** Resources of one patient that the shared plan gathers, by type. */
  planResourcesMax: 200,
  /** A delivery: one attempt, and the answer that we read. */
  deliveryTimeoutMs: 10_000,
  deliveryAnswerBytesMax: 256 * 1024,
  deliveryAttemptsMax: 12,
  deliveryBackoffFirstMs: 1_000,
  deliveryBackoffCapMs: 15 * 60_000,
  /** Longer than an attempt can take, so that a lease is only lost by a process that died. */
  laneLeaseMs: 30_000,
  deliveryConcurrencyMax: 16,
  /** Times a commit is planned again after somebody else changed the same resource. */
  commitAttemptsMax: 8,
  /** MLLP. */
  mllpConnectionsMax: 256,
  mllpIdleMs: 10 * 60_000,
  mllpFramesPendingMax: 32,
  /** HTTP server. */
  httpHeadersTimeoutMs: 10_000,
  httpRequestTimeoutMs: 30_000,
  urlCharsMax: 8_192,
  /** How long a stop waits for work in hand. */
  shutdownMs: 10_000,
} as const;
