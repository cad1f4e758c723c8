import type { Access, OrganisationNames } from '../access/access.ts';
import { type FindOthers, type Written, writtenBy } from '../access/others.ts';
import type { AccessInteraction } from '../config/config.ts';
import { concernedBy } from '../fhir/concerned.ts';
import { isRestrictedLabel, securityCodesOf } from '../fhir/security-labels.ts';
import type { Clock } from '../kernel/clock.ts';
import type { ResourceWrite, StoredResource } from '../store/store.ts';
import type { Decision } from './identity.ts';
import type { StoredJudge, WriteAs } from './judge-stored.ts';
import type { RequestFacts } from './request-facts.ts';
import type { StoredShow } from './show-stored.ts';

export interface WriteInQuestion {
  readonly interaction: WriteAs;
  readonly before: StoredResource | undefined;
  /** Undefined for a deletion. */
  readonly after: ResourceWrite | undefined;
  /** What the same commit leaves behind, itself included. */
  readonly together?: readonly ResourceWrite[];
}

export interface JudgeWriteParts {
  readonly access: Access;
  readonly facts: RequestFacts;
  readonly judge: StoredJudge;
  readonly show: StoredShow;
  readonly findOthers: FindOthers;
  readonly clock: Clock;
}

/** Whether the caller may do this to what stands there, and leave this behind. */
export async function judgeWrite(write: WriteInQuestion, parts: JudgeWriteParts): Promise<Decision> {
  const { interaction, before, after, together = [] } = write;
  const { access, facts, judge, clock } = parts;
  if (!access.checks.has('write-judged')) return { allowed: true };
  if (lifts(before, after) && !access.mayLift(before?.type ?? '')) {
    return { allowed: false, reason: 'It takes away a confidentiality label.' };
  }
  // Nothing else looks at what is written with it.
  const written = concernedBy(after?.type ?? '') === undefined ? undefined : writtenBy(together);
  if (await carriesOff(write, written, parts)) {
    return { allowed: false, reason: 'It takes what is kept back of a restricted patient to somebody else.' };
  }
  const type = after?.type ?? before?.type ?? '';
  const as = interaction === 'patch' ? 'update' : interaction;
  if (type === 'Patient' || type === 'Consent') facts.mayChange();
  if (access.isOpen(type, as)) return { allowed: true };
  const asking = facts.of([before?.patient ?? null, after?.patient ?? null]);
  if (before === undefined && after !== undefined) {
    if (after.patient !== null) facts.keepAhead(after.patient, asking);
    if (isJudgedWithoutFacts(type, as, access)) {
      // Whoever shows it hears of a fault.
      asking.catch(() => {});
      return judge.decide(after, interaction, { facts: undefined, names: NO_NAMES, now: clock.now(), isWrite: true });
    }
  }
  const known = await asking;
  if (before !== undefined && !before.deleted) {
    const decision = await judge.judge(before, interaction, known);
    if (!decision.allowed) return decision;
  }
  if (after === undefined || after.deleted) return { allowed: true };
  return judge.judge(after, interaction, known, { isWrite: true, written });
}

const NO_NAMES: OrganisationNames = new Map();

/** Whether it is open, or not, whosever it is: what is written discloses nothing to whom all records are open. */
function isJudgedWithoutFacts(type: string, as: AccessInteraction, access: Access): boolean {
  return concernedBy(type) === undefined && access.grants(type, as).every(({ whose }) => whose === 'anyone');
}

/**
 * Whether it moves a resource out of a restricted patient's record: what its sender was not shown goes with it, and
 * would be shown there.
 */
async function carriesOff(
  { before, after }: WriteInQuestion,
  written: Written | undefined,
  { access, facts, judge, show, findOthers }: JudgeWriteParts,
): Promise<boolean> {
  if (before === undefined || before.deleted || !access.checks.has('restricted-kept-back')) return false;
  if (after === undefined || after.deleted) return false;
  const others = (await judge.others.of(before)).filter(({ restricted }) => restricted);
  if (others.length > 0) {
    const left = new Set([after.patient, ...(await findOthers(after, written))]);
    if (others.some(({ patient }) => !left.has(patient))) return (await show.hiddenElements(before)).size > 0;
  }
  if (before.patient === null || after.patient === before.patient) return false;
  return (await facts.of([before.patient])).get(before.patient)?.restricted === true;
}

/** Whether a label that closes is there before and not after: for a Patient, a deletion takes it away as well. */
function lifts(before: StoredResource | undefined, after: Pick<ResourceWrite, 'content'> | undefined): boolean {
  if (before === undefined || before.deleted) return false;
  const left = after === undefined ? [] : securityCodesOf(after.content);
  if (after?.content === '' && before.type !== 'Patient') return false;
  return securityCodesOf(before.content).some((code) => isRestrictedLabel(code) && !left.includes(code));
}
