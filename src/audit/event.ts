import { newId } from '../kernel/ids.ts';
import { LIMITS } from '../kernel/limits.ts';
import { fillFrame } from '../store/sql/audit-frame.ts';
import type { AuditFacts, FramedAudit, NewAudit } from '../store/store.ts';
import { type AccessFrame, fillsOf, frameOf, keyOf } from './access-frame.ts';
import type { AuditGateway } from './agents.ts';
import { correlationEntity, patientEntity } from './entities.ts';
import { bodyOf } from './event-body.ts';
import { describeHappening } from './happening.ts';
import type { AccessAudit, AuditInput, MessageAudit } from './input.ts';

export type { AuditInput } from './input.ts';

/**
 * Builds AuditEvents (FHIR R4) after the patterns of IHE BALP: RESTful access, disclosure as source (110106 Export)
 * and as recipient (110107 Import), and user authentication (110114). What concerns several patients is told once for
 * each, as BALP asks: the others are in `others`, and are as many as the patients on one page of an answer at most.
 * Pure but for the new ids. The frame of an access is made once.
 */
export function createAuditBuilder(gateway: AuditGateway): (input: AuditInput) => NewAudit {
  const frames = new Map<string, AccessFrame>();
  const composeAccess = (input: AccessAudit, others?: readonly NewAudit[]): NewAudit => {
    const key = keyOf(input);
    let frame = frames.get(key);
    if (frame === undefined) {
      frame = frameOf(input, gateway);
      if (frames.size >= LIMITS.auditFramesMax) frames.clear();
      frames.set(key, frame);
    }
    return composeFramed(input, frame, others);
  };
  return (input) => {
    if (input.kind === 'message' && input.whose !== undefined && input.patients.length > 1) {
      const [own = input, ...others] = splitByPatient(input, input.whose);
      return { ...composeWhole(own, gateway), others: others.map((one) => composeWhole(one, gateway)) };
    }
    if (input.kind !== 'access') return composeWhole(input, gateway);
    if (input.whose === undefined || input.patients.length < 2) return composeAccess(input);
    const [own = input, ...others] = splitByPatient(input, input.whose);
    return composeAccess(
      own,
      others.map((one) => composeAccess(one)),
    );
  };
}

/** The event of one patient names what is in that patient's record, and what is in nobody's. */
function splitByPatient<T extends AccessAudit | MessageAudit>(input: T, whose: readonly (string | null)[]): T[] {
  return input.patients.map((patient) => ({
    ...input,
    patients: [patient],
    resources: input.resources.filter((_, at) => whose[at] === patient || whose[at] === null),
  }));
}

/** One event, for whoever builds few. */
export function buildAuditEvent(input: AuditInput, gateway: AuditGateway): NewAudit {
  return createAuditBuilder(gateway)(input);
}

/** An event that is kept in its two parts. Its text is made when somebody asks for it. */
class FramedEvent implements NewAudit {
  readonly id: string;
  readonly recorded: string;
  readonly patient: string | null;
  readonly facts: AuditFacts;
  readonly framed: FramedAudit;
  readonly others: readonly NewAudit[] | undefined;

  constructor(
    recorded: Date,
    facts: AuditFacts,
    framed: FramedAudit,
    patient: string | null,
    others?: readonly NewAudit[],
  ) {
    this.id = newId(recorded.getTime());
    this.recorded = recorded.toISOString();
    this.patient = patient;
    this.facts = facts;
    this.framed = framed;
    this.others = others;
  }

  get content(): string {
    return fillFrame(this.framed, this);
  }
}

function composeFramed(input: AccessAudit, frame: AccessFrame, given: readonly NewAudit[] = []): NewAudit {
  const { recorded, patients } = input;
  const framed = { frame: frame.frame, fills: fillsOf(input, frame) };
  const [first = null, ...others] = patients;
  const tell = (patient: string): NewAudit => new FramedEvent(recorded, frame.facts, framed, patient);
  const all = given.length > 0 ? given : others.map(tell);
  return new FramedEvent(recorded, frame.facts, framed, first, all.length === 0 ? undefined : all);
}

function composeWhole(input: AuditInput, gateway: AuditGateway): NewAudit {
  const happening = describeHappening(input, gateway);
  const { before, after, facts } = bodyOf(input, happening, gateway);
  const at = input.recorded.toISOString();
  const about = JSON.stringify([...happening.entities, correlationEntity(input.correlationId)]).slice(1);
  const tell = (patient: string | null): NewAudit => {
    const id = newId(input.recorded.getTime());
    const whose = patient === null ? '' : `${JSON.stringify(patientEntity(patient))},`;
    const content = `{"resourceType":"AuditEvent","id":"${id}",${before},"recorded":"${at}",${after},"entity":[${whose}${about}}`;
    return { id, recorded: at, content, patient, facts };
  };
  const [first = null, ...others] = happening.patients;
  return others.length === 0 ? tell(first) : { ...tell(first), others: others.map(tell) };
}
