/**
 * Every check that stands between a caller and somebody's data, by name. The table is what the tests of leaks are made
 * from: they switch each one off in turn and must see data where there should be none. Outside tests nothing is off:
 * neither configuration nor environment can reach this, only the code that puts a gateway together.
 */
export const ACCESS_CHECKS = {
  token: 'No answer without a token that was verified.',
  scope: 'The token’s scopes name the type and the permission.',
  rule: 'A rule of the configuration opens the type for the interaction.',
  relationship: 'Under a rule for `related`, the patient is related to the caller’s organisation.',
  neighbourhood: 'Under a rule for `neighbourhood`, the patient is registered with one of its organisations.',
  category: 'Under a rule with categories, the resource has one of them.',
  criteria: 'Under a scope with a query, the resource matches it.',
  label: 'What is labelled above normal is opened by a rule that says so.',
  launch: 'A token that was issued for one patient opens no other’s record.',
  consent: 'No Consent of the patient denies it, and where one is needed, one permits it.',
  'search-narrowed': 'A search, its total and its pages are narrowed where the rows are.',
  'chain-narrowed': 'What a chain or _has looks into is narrowed there too.',
  'result-judged': 'Each resource is judged again before it leaves.',
  'version-judged': 'A version, a deletion and a history are judged like the resource.',
  'element-kept-back': 'Only the elements that the rule names leave.',
  'element-search': 'No search asks by an element that does not leave.',
  'display-kept-back': 'A reference to what the caller may not see has no display.',
  'restricted-kept-back': 'Address, telecom and practice of a restricted patient do not leave.',
  'restricted-search': 'No search finds a restricted patient by them.',
  'write-target': 'A write finds no resource that its sender may not see, and makes none in its place.',
  'write-judged': 'What a write leaves behind is open to its sender.',
  'page-owned': 'A page link serves the client that it was given to.',
  'route-consent': 'A route sends nothing that the patient’s Consents deny, or that no basis allows.',
  'route-label': 'A route sends nothing that is labelled above what its partner is cleared for.',
} as const;

export type AccessCheck = keyof typeof ACCESS_CHECKS;

/** Which checks are made: all of them, but in a test of the checks themselves. */
export interface AccessChecks {
  readonly has: (check: AccessCheck) => boolean;
}

export const ALL_CHECKS: AccessChecks = { has: () => true };
