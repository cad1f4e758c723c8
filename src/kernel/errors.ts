/**
 * Every problem Ginnel can report, in two tables: what kind of problem a code is (`ISSUE_CODES`), and what each
 * kind means at each door (`CATEGORIES`). Nothing else in the code base decides a status, an acknowledgement or a retry.
 */

export interface CategoryRule {
  /** HTTP status of a FHIR or intake answer. */
  readonly httpStatus: number;
  /** FHIR IssueType (https://hl7.org/fhir/R4/valueset-issue-type.html). */
  readonly issueType: string;
  /** HL7 v2 acknowledgement code, table 0008. */
  readonly acknowledgement: 'AE' | 'AR';
  /** Whether a delivery that failed this way is worth sending again. */
  readonly retry: boolean;
}

export const CATEGORIES = {
  /** The bytes are not the format they claim to be. */
  structure: { httpStatus: 400, issueType: 'structure', acknowledgement: 'AR', retry: false },
  /** Well formed, but the content breaks a schema, a profile or a mapping rule. */
  invalid: { httpStatus: 422, issueType: 'invalid', acknowledgement: 'AE', retry: false },
  /** A required element is absent. */
  required: { httpStatus: 422, issueType: 'required', acknowledgement: 'AE', retry: false },
  /** A code is not in the value set or code map that applies. */
  code: { httpStatus: 422, issueType: 'code-invalid', acknowledgement: 'AE', retry: false },
  /** A rule of the field, such as modulus 11. */
  rule: { httpStatus: 422, issueType: 'business-rule', acknowledgement: 'AE', retry: false },
  /** The request itself is wrong: an unknown parameter, a bad header. */
  request: { httpStatus: 400, issueType: 'value', acknowledgement: 'AR', retry: false },
  unauthenticated: { httpStatus: 401, issueType: 'login', acknowledgement: 'AR', retry: false },
  forbidden: { httpStatus: 403, issueType: 'forbidden', acknowledgement: 'AR', retry: false },
  'not-found': { httpStatus: 404, issueType: 'not-found', acknowledgement: 'AE', retry: false },
  'method-not-allowed': { httpStatus: 405, issueType: 'not-supported', acknowledgement: 'AR', retry: false },
  'not-acceptable': { httpStatus: 406, issueType: 'not-supported', acknowledgement: 'AR', retry: false },
  timeout: { httpStatus: 408, issueType: 'timeout', acknowledgement: 'AE', retry: true },
  conflict: { httpStatus: 409, issueType: 'conflict', acknowledgement: 'AE', retry: true },
  gone: { httpStatus: 410, issueType: 'deleted', acknowledgement: 'AE', retry: false },
  precondition: { httpStatus: 412, issueType: 'conflict', acknowledgement: 'AE', retry: false },
  'too-large': { httpStatus: 413, issueType: 'too-long', acknowledgement: 'AR', retry: false },
  'media-type': { httpStatus: 415, issueType: 'not-supported', acknowledgement: 'AR', retry: false },
  'not-supported': { httpStatus: 400, issueType: 'not-supported', acknowledgement: 'AR', retry: false },
  throttled: { httpStatus: 429, issueType: 'throttled', acknowledgement: 'AE', retry: true },
  /** A fault of ours; the detail is in our log, never in the answer. */
  exception: { httpStatus: 500, issueType: 'exception', acknowledgement: 'AE', retry: true },
  /** Something we depend on is down; the same request later may succeed. */
  unavailable: { httpStatus: 503, issueType: 'transient', acknowledgement: 'AE', retry: true },
  /** Configuration is wrong: seen at start and by `ginnel check`, never while serving. */
  configuration: { httpStatus: 500, issueType: 'processing', acknowledgement: 'AE', retry: false },
} as const satisfies Record<string, CategoryRule>;

export type Category = keyof typeof CATEGORIES;

/** The closed list of issue codes. A code is stable: operators alert on it and partners switch on it. */
export const ISSUE_CODES = {
  // formats
  'json-syntax': 'structure',
  'xml-syntax': 'structure',
  'xml-dtd-refused': 'structure',
  'csv-syntax': 'structure',
  'hl7v2-syntax': 'structure',
  'mllp-frame': 'structure',
  'encoding-invalid': 'structure',
  'duplicate-key': 'structure',
  'body-empty': 'structure',
  'body-too-large': 'too-large',
  'depth-too-large': 'too-large',
  'fields-too-many': 'too-large',
  'format-cannot-print': 'invalid',
  // check before the map
  'schema-violation': 'invalid',
  // mapping, at load
  'mapping-syntax': 'configuration',
  'mapping-missing-file': 'configuration',
  'mapping-version-changed': 'configuration',
  'fhirpath-syntax': 'configuration',
  'fhirpath-unknown-function': 'configuration',
  'fhirpath-unknown-variable': 'configuration',
  'fhirpath-unknown-property': 'configuration',
  'fhirpath-unsupported': 'configuration',
  'fhirpath-unknown-type': 'configuration',
  'fhirpath-arguments': 'configuration',
  'codes-invalid': 'configuration',
  // mapping, what lint finds in one that loads
  'mapping-unused': 'configuration',
  'mapping-incomplete': 'configuration',
  'mapping-unreachable': 'configuration',
  'mapping-invalid-result': 'configuration',
  // mapping, at run time
  'mapping-failed': 'invalid',
  'mapping-limit': 'too-large',
  'mapping-not-single': 'invalid',
  'mapping-refused': 'invalid',
  'value-required': 'required',
  'code-unmapped': 'code',
  'date-invalid': 'invalid',
  'nhs-number-invalid': 'rule',
  'postcode-invalid': 'rule',
  'phone-invalid': 'rule',
  'snomed-invalid': 'rule',
  'reference-unresolved': 'invalid',
  'field-unread': 'invalid',
  // check after the map, and of what the FHIR API is given
  'resource-type-unknown': 'invalid',
  'resource-invalid': 'invalid',
  'element-required': 'required',
  'element-empty': 'invalid',
  'code-invalid': 'code',
  'id-invalid': 'invalid',
  'profile-violation': 'invalid',
  'profile-unknown': 'not-supported',
  'route-withheld': 'invalid',
  'narrative-unsafe': 'invalid',
  'modifier-extension-unknown': 'not-supported',
  // store
  'resource-not-found': 'not-found',
  'resource-gone': 'gone',
  'version-conflict': 'conflict',
  'identifier-conflict': 'conflict',
  'multiple-matches': 'precondition',
  'record-duplicate': 'rule',
  'version-mismatch': 'precondition',
  'store-unavailable': 'unavailable',
  'store-unusable': 'configuration',
  // what `ginnel store check` and `copy` find
  'store-damaged': 'exception',
  'store-version-wrong': 'exception',
  'store-index-wrong': 'exception',
  'store-claim-wrong': 'exception',
  'store-lane-wrong': 'exception',
  'store-orphan': 'exception',
  'store-copy-differs': 'exception',
  // FHIR API
  'parameter-unknown': 'request',
  'parameter-invalid': 'request',
  'parameter-unsupported': 'not-supported',
  'page-link-invalid': 'request',
  'route-unknown': 'not-found',
  'url-invalid': 'request',
  'id-mismatch': 'request',
  'patch-invalid': 'request',
  'patch-failed': 'rule',
  'entries-overlap': 'request',
  'request-unreadable': 'request',
  'request-timeout': 'timeout',
  'method-not-allowed': 'method-not-allowed',
  'media-type-unsupported': 'media-type',
  'not-acceptable': 'not-acceptable',
  'type-unsupported': 'not-supported',
  // intake
  'partner-unknown': 'not-found',
  'channel-unknown': 'not-found',
  'sender-unknown': 'forbidden',
  'message-type-unsupported': 'not-supported',
  // auth
  'token-missing': 'unauthenticated',
  'token-invalid': 'unauthenticated',
  'token-expired': 'unauthenticated',
  'token-refused': 'unauthenticated',
  'issuer-unavailable': 'unavailable',
  'certificate-refused': 'forbidden',
  'address-not-allowed': 'forbidden',
  'scope-invalid': 'request',
  'scope-insufficient': 'forbidden',
  'access-rule-missing': 'forbidden',
  'access-denied': 'forbidden',
  'consent-denied': 'forbidden',
  'label-denied': 'forbidden',
  'break-glass-refused': 'forbidden',
  'person-required': 'forbidden',
  'person-invalid': 'forbidden',
  // delivery
  'delivery-refused': 'invalid',
  'delivery-address-refused': 'forbidden',
  'delivery-timeout': 'timeout',
  'delivery-unreachable': 'unavailable',
  'delivery-credentials-unusable': 'unavailable',
  'delivery-throttled': 'throttled',
  'delivery-server-error': 'unavailable',
  'delivery-attempts-exhausted': 'invalid',
  // configuration
  'config-invalid': 'configuration',
  'config-missing-file': 'configuration',
  // command line
  'package-invalid': 'configuration',
  'gateway-unreachable': 'unavailable',
  // ours
  'too-many-requests': 'throttled',
  'internal-error': 'exception',
  'shutting-down': 'unavailable',
} as const satisfies Record<string, Category>;

export type IssueCode = keyof typeof ISSUE_CODES;
export type Severity = 'error' | 'warning' | 'information';

/**
 * One problem, said so that somebody can mend it. It has up to two positions, in the message and in the mapping,
 * and never a value from the message: that value is a patient's.
 */
export interface Issue {
  readonly severity: Severity;
  readonly code: IssueCode;
  /** What is wrong and what to do. No patient value. */
  readonly text: string;
  /** Where in the message, in the words of its format: `PID-3[2].4`, `$.needs[3].code`, `row 7, NHSNumber`. */
  readonly at?: string | undefined;
  /** 1-based line and column of that place in the message's text. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** Where in the mapping or configuration: `mapping.yaml:41:7`. */
  readonly mapping?: string | undefined;
  /** Where in the FHIR resource: `CarePlan.activity[2].detail.status`. */
  readonly expression?: string | undefined;
}

export type IssuePlace = Partial<Pick<Issue, 'severity' | 'at' | 'line' | 'column' | 'mapping' | 'expression'>>;

/** Builds an issue; severity is `error` unless `place` says otherwise. */
export function issue(code: IssueCode, text: string, place: IssuePlace = {}): Issue {
  return { severity: 'error', code, text, ...place };
}

export function hasErrors(issues: readonly Issue[]): boolean {
  return issues.some((one) => one.severity === 'error');
}

/** The category that decides for several issues: that of the first error. */
export function categoryOf(issues: readonly Issue[]): Category {
  const first = issues.find((one) => one.severity === 'error') ?? issues[0];
  return first === undefined ? 'exception' : ISSUE_CODES[first.code];
}

export function ruleOf(issues: readonly Issue[]): CategoryRule {
  return CATEGORIES[categoryOf(issues)];
}

/** An issue as one line for a terminal or a log: `error json-syntax at $.a (3:7): …`. */
export function formatIssue(one: Issue): string {
  const place = [one.at, one.expression].filter((part) => part !== undefined).join(' ');
  const lineColumn = one.line === undefined ? '' : ` (${one.line}:${one.column ?? 1})`;
  const inMapping = one.mapping === undefined ? '' : ` [${one.mapping}]`;
  return `${one.severity} ${one.code}${place === '' ? '' : ` at ${place}`}${lineColumn}: ${one.text}${inMapping}`;
}

/**
 * The exception for a request that cannot go on (at the HTTP edges) or a configuration that cannot be used.
 * Problems in a message's data are not exceptions: they come back as issues in a `Result`.
 */
export class GinnelError extends Error {
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[], options?: ErrorOptions) {
    super(issues.map(formatIssue).join('\n'), options);
    this.name = 'GinnelError';
    this.issues = issues;
  }
}

export function refuse(code: IssueCode, text: string, place: IssuePlace = {}): GinnelError {
  return new GinnelError([issue(code, text, place)]);
}
