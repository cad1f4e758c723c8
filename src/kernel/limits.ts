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
  /** Longer tokens, which other issuers may give, are verified each time. */
  tokenRememberedCharsMax: 4_096,
  /** Scopes in one token request or one registration. */
  scopesMax: 200,
  /** Characters of one scope, parameters that may restrict it, and characters of all that are asked for or granted at once. */
  scopeCharsMax: 1_024,
  scopeParametersMax: 8,
  scopeTextCharsMax: 8_000,
  /** How old what this process knows of keys, revocations and clients may be; a change elsewhere is seen within this time. */
  standingFreshMs: 2_000,
  /** Shortest time between two looks that an unknown key of ours may cause. */
  standingCooldownMs: 200,
  /** A key of ours that its process does not prolong any more ends within this time. */
  signingKeyLeaseMs: 24 * 60 * 60_000,
  /** A key with less than this to go has been ended, by a machine whose clock may run ahead of ours: it is not prolonged. */
  signingKeyMarginMs: 60_000,
  /** A key of ours is replaced when it is this old. */
  signingKeyAgeMsMax: 90 * 24 * 60 * 60_000,
  /** Clients that were added while the gateway ran. */
  clientsMax: 10_000,
  /** Refused requests of one address or client, and tokens of one client: as many at once, and then one in so many ms. */
  refusalsBurst: 1_000,
  refusalsRefillMs: 100,
  tokensBurst: 600,
  tokensRefillMs: 100,
  /** Addresses and clients that the rate limits remember. */
  bucketsMax: 10_000,
  /** Beyond that, refusals of one kind from one address are one row of the audit within this time, with their number. */
  refusalWindowMs: 60_000,
  refusalKindsMax: 10_000,
  /** An access token of another issuer: how long it may live, what is read of the issuer's description. */
  externalTokenLifetimeSecondsMax: 2 * 60 * 60,
  discoveryCacheMs: 60 * 60_000,
  /** A token that a partner gave us is used until it has this long to live. */
  outgoingTokenMarginMs: 30_000,
  /** How long it is remembered which Organizations carry an organisation's identifier, and of how many organisations. */
  organisationNamesMs: 1_000,
  organisationNamesMax: 10_000,
  /** Resources that carry one identifier of a message, of which one may hold it for its own. */
  identifierMatchesMax: 20,
  /** Names of resource types of which it is remembered whether a caller may see what is said of them. */
  typesRememberedMax: 500,
  /** Staff and services of a restricted patient's practice that are looked up, so as not to be told. */
  practiceEntriesMax: 500,
  /** How long an emergency opens a patient's record, and how many may be open in one process. */
  breakGlassMs: 15 * 60_000,
  breakGlassOpenMax: 1_000,
  /** A signed header that names the person who asks. */
  personHeaderCharsMax: 4_096,
  /** Times a page is read on because what was found may not be shown. */
  pageRefillsMax: 50,
  /** Resources that each of these times looks at. */
  pageRefillResources: 200,
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
  /** References that a chain or a _has follows one after the other. */
  searchHopsMax: 2,
  /** Codes of a value set that `:in` looks for. */
  searchValueSetCodesMax: 500,
  /** Keys of one _sort. */
  searchSortKeysMax: 4,
  /** Resources that one page brings along by _include and _revinclude, and steps that `:iterate` takes. */
  searchIncludesMax: 500,
  searchIterationsMax: 4,
  /** How long the address of a further page serves, and how long it may be. */
  pageLinkLifetimeMs: 24 * 60 * 60_000,
  pageLinkCharsMax: 7_000,
  /** Resources on one page of $everything, unless told. */
  everythingCountDefault: 100,
  /** People that one way of looking brings to $match. */
  matchCandidatesMax: 50,
  /** Entries of a batch or transaction, conditions it may look up, and entries of a batch that run at a time. */
  bundleEntriesMax: 1_000,
  bundleConditionsMax: 500,
  batchConcurrencyMax: 8,
  /** Characters that the reads and searches of one batch or transaction may answer with. */
  bundleAnswerCharsMax: 20 * 1024 * 1024,
  /** Operations of one patch, and elements that a FHIRPath Patch may look at to find those that it changes. */
  patchOperationsMax: 200,
  patchVisitsMax: 2_000_000,
  /** Characters of a text that search compares; what is beyond plays no part. */
  indexTextCharsMax: 512,
  /** Rows that one place of a resource brings to a composite parameter: its codes taken with its values. */
  indexCombinationsMax: 64,
  /** Resources of one patient that the shared plan gathers, by type. */
  planResourcesMax: 200,
  /** A FHIR package: its archive, what it unpacks to, its entries, and one of its files. */
  packageBytesMax: 64 * 1024 * 1024,
  packageUnpackedBytesMax: 512 * 1024 * 1024,
  packageFilesMax: 20_000,
  packageFileBytesMax: 32 * 1024 * 1024,
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
  /** Groups of commits under way at once to a database server, and resources and deliveries that one may hold. */
  storeSharedMax: 2,
  storeSharedRowsMax: 64,
  /** How long a write waits for another process to finish its own. */
  storeBusyMs: 10_000,
  /** Resources whose record is looked up by one statement. */
  storeLookupMax: 200,
  /** Statements kept prepared, and texts of ours whose rewriting is remembered. */
  storeStatementsMax: 256,
  storeTextsMax: 2_000,
  /** Connections of one process to a database server, how long one may take to open, and a statement to run. */
  storeConnectionsMax: 10,
  storeConnectMs: 5_000,
  storeStatementMs: 30_000,
  /** Times a transaction is tried that others got in the way of. */
  storeAttemptsMax: 5,
  /** Rows in a list of messages, deliveries, audit events or versions. */
  storeListDefault: 100,
  storeListMax: 1_000,
  /** `ginnel store check`: resources whose index rows are looked at unless told, and findings of one kind that are named. */
  storeSampleMax: 1_000,
  storeFindingsMax: 100,
  /** `ginnel store compact`: rows that one transaction removes. */
  storeRemovalsMax: 1_000,
  /**
   * Events of reads that share a commit are gathered for so long, and so many at most. No answer leaves while an event
   * older than the third is not durable. Beyond the fourth nothing is read any more.
   */
  auditBatchMs: 45,
  auditBatchMax: 512,
  auditDelayMsMax: 100,
  auditWaitingMax: 10_000,
  /** Kinds of access, by token and address, whose events are half made already. */
  auditFramesMax: 2_000,
  /** Entries of one segment of the audit; then it is sealed and the next is opened. */
  auditSegmentEntriesMax: 1_000_000,
  /** Times the opening of a segment is tried, which processes that start together do at once. */
  auditOpeningsMax: 50,
  /** Times a commit is planned again after somebody else changed the same resource. */
  commitAttemptsMax: 8,
  /** The same for a write of the FHIR API, and the longest pause between two tries. */
  writeAttemptsMax: 30,
  writePauseMsMax: 50,
  /** MLLP. */
  mllpConnectionsMax: 256,
  mllpIdleMs: 10 * 60_000,
  mllpHandshakeMs: 10_000,
  mllpFramesPendingMax: 32,
  /** HTTP server. */
  httpHeadersTimeoutMs: 10_000,
  httpRequestTimeoutMs: 30_000,
  /** How often the two are looked at. */
  httpTimeoutsCheckMs: 1_000,
  httpConnectionsMax: 2_048,
  urlCharsMax: 8_192,
  /** Answers shorter than this are not worth compressing: they fit a packet or two as they are. */
  gzipCharsMin: 2_048,
  /** How long a stop waits for work in hand. */
  shutdownMs: 10_000,
  /** How often it looks for connections that have nothing more to say. */
  shutdownCheckMs: 50,
  /** Signals to stop that come within this time are one that several have passed on. */
  sameSignalMs: 500,
} as const;
