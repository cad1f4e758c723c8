import { type BREAK_GLASS_REASONS, isBreakGlassReason } from '../audit/input.ts';
import type { Clock } from '../kernel/clock.ts';
import { refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Log } from '../kernel/log.ts';
import type { BusinessIdentifier, Store } from '../store/store.ts';

/** The headers of an emergency: the purpose, the one patient, and why (docs/access.md). */
export const PURPOSE_HEADER = 'x-purpose-of-use';
export const PATIENT_HEADER = 'x-break-glass-patient';
export const REASON_HEADER = 'x-break-glass-reason';

export type BreakGlassReason = (typeof BREAK_GLASS_REASONS)[number];

/** Who breaks the glass. */
export interface BreakGlassAsk {
  readonly client: string;
  readonly partner: string;
  /** Whether the client's registration lets it. */
  readonly mayOpen: boolean;
  readonly person: BusinessIdentifier | undefined;
  readonly correlationId: string;
  readonly header: (name: string) => string | undefined;
  /** Puts the opening into the audit, durably. */
  readonly alert: (reason: BreakGlassReason) => Promise<void>;
}

/** Resolves with the id of the patient that is open; undefined where no emergency is spoken of. Throws `break-glass-refused`. */
export type BreakGlass = (ask: BreakGlassAsk) => Promise<string | undefined>;

/** What an id can never be: nobody's record. */
const NOBODY = '';

/**
 * Opens one patient's record to one client, and person, for `LIMITS.breakGlassMs`. That is remembered in this process
 * alone: where several serve, a request that states its reason opens it anew. Each opening is told to the log and to the
 * audit before anything is given, without naming the patient.
 */
export function createBreakGlass(parts: {
  readonly store: Pick<Store, 'findByIdentifier' | 'read'>;
  readonly clock: Clock;
  readonly log: Log;
}): BreakGlass {
  const open = new Map<string, number>();
  return async (ask) => {
    const purpose = ask.header(PURPOSE_HEADER);
    if (purpose === undefined || purpose === 'TREAT') return undefined;
    if (purpose !== 'BTG') throw refused('X-Purpose-Of-Use is TREAT, which is understood, or BTG.');
    if (!ask.mayOpen) throw refused('This application may not open records in an emergency.');
    const patient = await findPatient(ask.header(PATIENT_HEADER), parts.store);
    const nowMs = parts.clock.now().getTime();
    for (const [key, untilMs] of open) if (untilMs <= nowMs) open.delete(key);
    const { system = '', value = '' } = ask.person ?? {};
    const key = JSON.stringify([ask.client, system, value, patient]);
    const given = ask.header(REASON_HEADER);
    if (given !== undefined && !isBreakGlassReason(given)) {
      throw refused('X-Break-Glass-Reason is emergency, safeguarding, public-interest, legal or consent-given.');
    }
    if (open.has(key)) return patient;
    if (given === undefined) throw refused('Say why: X-Break-Glass-Reason. What was opened is closed again by now.');
    if (open.size >= LIMITS.breakGlassOpenMax) throw refused('Too many records are open at this moment.');
    await ask.alert(given);
    parts.log.warn('a record was opened in an emergency', {
      client: ask.client,
      partner: ask.partner,
      correlationId: ask.correlationId,
      state: given,
    });
    open.set(key, nowMs + LIMITS.breakGlassMs);
    return patient;
  };
}

/** `Patient/x` or `system|value`. Whether there is such a patient is not told here. */
async function findPatient(text: string | undefined, store: Pick<Store, 'findByIdentifier'>): Promise<string> {
  const byId = /^Patient\/([A-Za-z0-9\-.]{1,64})$/.exec(text ?? '')?.[1];
  if (byId !== undefined) return byId;
  const [system = '', value = '', ...more] = (text ?? '').split('|');
  if (system === '' || value === '' || more.length > 0 || (text ?? '').length > LIMITS.urlCharsMax) {
    throw refused('Name the one patient: X-Break-Glass-Patient: Patient/<id>, or system|value.');
  }
  const [id, another] = await store.findByIdentifier('Patient', { system, value }, 2);
  return another === undefined ? (id ?? NOBODY) : NOBODY;
}

const refused = (text: string) => refuse('break-glass-refused', text);
