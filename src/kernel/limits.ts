/** Every bound in the gateway, in one place, each with its unit in its name. */
export const LIMITS = {
  /** A message or FHIR request body. */
  bodyBytesMax: 5 * 1024 * 1024,
  /** Nesting of a payload or a resource. */
  depthMax: 64,
  /** Items of one list in a resource: R4 has rules that compare each with every other. */
  listItemsMax: 10_000,
  /** Problems named in one answer about a resource. */
  resourceIssuesMax: 200,
  /** Values in one payload: JSON members and items, XML elements and attributes, CSV cells, HL7 v2 fields. */
  fieldsMax: 200_000,
  /** Warnings that reading one payload reports. */
  formatWarningsMax: 20,
  /** The highest field, component or subcomponent number that is written in HL7 v2. */
  hl7v2NumberMax: 1_000,
  /** Form body of a POST _search. */
  searchFormBytesMax: 64 * 1024,
  /** Form body of the token endpoint. */
  tokenBodyBytesMax: 64 * 1024,
  /** A key set fetched from a client's JWKS address. */
  jwksBytesMax: 64 * 1024,
  jwksTimeoutMs: 3_000,
  /** How long a fetched key set serves, unless the client's Cache-Control says less. */
  jwksCacheMs: 5 * 60_000,
  /** Shortest time between two fetches that an unknown `kid` or a failure may cause. */
  jwksCooldownMs: 10_000,
  jwksKeysMax: 50,
  /** RSA modulus of a client's key: weaker is refused, larger is too dear to verify. */
  rsaBitsMin: 2_048,
  rsaBitsMax: 8_192,
  /** How long a client's signed assertion may live (SMART Backend Services). */
  assertionLifetimeSecondsMax: 300,
  /** How far a client's clock may run ahead of ours, for `iat` and `nbf`. */
  clockSkewSeconds: 10,
  assertionIdCharsMax: 256,
  accessTokenLifetimeSeconds: 300,
  accessTokenCharsMax: 16_384,
  /** Verified tokens that are remembered until they expire. */
  tokensRememberedMax: 10_000,
  /** Scopes in one token request or one registration. */
  scopesMax: 200,
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
  /** Resources that one page brings along by _include and _revinclude. */
  searchIncludesMax: 500,
  /** Entries of a batch or transaction, conditions it may look up, and entries of a batch that run at a time. */
  bundleEntriesMax: 1_000,
  bundleConditionsMax: 500,
  batchConcurrencyMax: 8,
  /** Characters that the reads and searches of one batch or transaction may answer with. */
  bundleAnswerCharsMax: 20 * 1024 * 1024,
  /** Operations of one JSON Patch. */
  patchOperationsMax: 200,
  /** Characters of a text that search compares; what is beyond plays no part. */
  indexTextCharsMax: 512,
  /** Resources of one patient that the shared plan gathers, by type. */
  planResourcesMax: 200,
  /** A delivery: one attempt, and the answer that we read. */
  deliveryTimeoutMs: 10_000,
  deliveryAnswerBytesMax: 256 * 1024,
  /** What a delivery's mapping may resolve: how far references are followed, and how many resources they may reach. */
  deliveryReferenceDepth: 3,
  deliveryResourcesMax: 200,
  /** With the backoff below: two days on average, so that a partner may be away for a weekend. */
  deliveryAttemptsMax: 400,
  deliveryBackoffFirstMs: 1_000,
  deliveryBackoffCapMs: 15 * 60_000,
  /** Longer than an attempt can take, so that a lease is only lost by a process that died. */
  laneLeaseMs: 30_000,
  deliveryConcurrencyMax: 16,
  /** How often the worker looks for deliveries that another process wrote. */
  deliveryPollMs: 1_000,
  /** Longest pause between two tries of a store that does not answer. */
  storePauseMsMax: 30_000,
  /** Writes that share one flush to disk, and writes that may wait for theirs. */
  storeGroupMax: 32,
  storeQueueMax: 4_096,
  /** How long a write waits for another process to finish its own. */
  storeBusyMs: 10_000,
  /** Statements kept prepared. */
  storeStatementsMax: 256,
  /** Connections of one process to a database server, how long one may take to open, and a statement to run. */
  storeConnectionsMax: 10,
  storeConnectMs: 5_000,
  storeStatementMs: 30_000,
  /** Times a transaction is tried that others got in the way of. */
  storeAttemptsMax: 5,
  /** Rows in a list of messages, deliveries, audit events or versions. */
  storeListDefault: 100,
  storeListMax: 1_000,
  /** Times a commit is planned again after somebody else changed the same resource. */
  commitAttemptsMax: 8,
  /** MLLP. */
  mllpConnectionsMax: 256,
  mllpIdleMs: 10 * 60_000,
  mllpFramesPendingMax: 32,
  /** HTTP server. */
  httpHeadersTimeoutMs: 10_000,
  httpRequestTimeoutMs: 30_000,
  /** How often the two are looked at. */
  httpTimeoutsCheckMs: 1_000,
  httpConnectionsMax: 2_048,
  urlCharsMax: 8_192,
  /** How long a stop waits for work in hand. */
  shutdownMs: 10_000,
  /** How often it looks for connections that have nothing more to say. */
  shutdownCheckMs: 50,
} as const;
