import type { CallerReader } from '../../auth/reader.ts';
import { NHS_NUMBER_SYSTEM } from '../../fhir/canonical.ts';
import { GinnelError, type Issue } from '../../kernel/errors.ts';
import type { Target } from './find-targets.ts';
import type { PlannedWrite } from './plan-writes.ts';
import { issueOf } from './write-intent.ts';

/** The same words for what is closed and for what is not there, so that nothing is told apart. */
const CLOSED = 'This is not open to this application, or it is about somebody who is not known here.';

/**
 * Holds each write to what its sender may do: to what stands there, and to what it leaves behind, so that nobody writes
 * into, or moves something out of, a record that is closed to them. Throws `access-denied`.
 */
export async function requireWritable(
  planned: readonly PlannedWrite[],
  targets: readonly Target[],
  reader: CallerReader,
): Promise<void> {
  const together = planned.flatMap(({ write }) => write ?? []);
  // All at once, so that what is known of their patients is looked up together.
  const judged = await Promise.all(
    planned.map(async ({ intent, write }, index) => {
      if (write === undefined) return [];
      const target = targets[index];
      const decision = await reader.mayWrite({
        interaction: intent.interaction,
        before: target?.stored,
        after: write,
        together,
      });
      const told = write.type === 'Patient' && !reader.isOpen('Patient') && bringsNhsNumber(write.claims, target);
      return decision.allowed && !told ? [] : [issueOf(intent, 'access-denied', CLOSED)];
    }),
  );
  const issues: readonly Issue[] = judged.flat();
  if (issues.length > 0) throw new GinnelError(issues);
}

/** Whether the number is free would be told to whoever tries one, by the answer. */
function bringsNhsNumber(claims: PlannedClaims, target: Target | undefined): boolean {
  return claims.some(
    ({ system, value }) =>
      system === NHS_NUMBER_SYSTEM &&
      target?.claims.some((held) => held.system === system && held.value === value) !== true,
  );
}

type PlannedClaims = NonNullable<PlannedWrite['write']>['claims'];
