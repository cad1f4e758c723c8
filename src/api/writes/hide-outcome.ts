import { GinnelError, ruleOf } from '../../kernel/errors.ts';
import type { Target } from './find-targets.ts';
import { issueOf, type WriteIntent } from './write-intent.ts';

/**
 * Why a request failed that holds a patch of what its sender may not read. Which step failed would tell whether a path
 * leads to something, so that every failure is the same one; only what versions were met does not depend on the content.
 */
export function hideOutcome(fault: unknown, intents: readonly WriteIntent[], targets: readonly Target[]): unknown {
  const unseen = intents.filter((_, index) => targets[index]?.isUnseen === true);
  if (unseen.length === 0 || !(fault instanceof GinnelError) || ruleOf(fault.issues).httpStatus >= 500) return fault;
  const versions = fault.issues.filter(({ code }) => code === 'version-mismatch' || code === 'version-conflict');
  if (versions.length > 0) return new GinnelError(versions);
  const text = 'The patch cannot be applied to what stands there. Nothing was changed.';
  return new GinnelError(unseen.map((intent) => issueOf(intent, 'patch-failed', text)));
}
