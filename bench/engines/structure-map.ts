import { parseMappingLanguage, structureMapTransform, toTypedValue } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import { loadIntoCore } from '../../test/support/reference/reference-validator.ts';
import { entryOf, ID, NHS_NUMBER, type Referral, referenceTo } from './referral.ts';

/**
 * The four resources in the FHIR Mapping Language, for @medplum/core. The language cannot make an id of an identifier,
 * so the references are given to it beside the message.
 */
const MAP = `map 'https://ginnel.example/StructureMap/referral' = 'referral'
group referral(source src, target patient : Patient, target request : ServiceRequest, target plan : CarePlan, target careTeam : CareTeam) {
  src.patient as p -> patient.resourceType = 'Patient', patient.active = true then {
    p.nhsNumber as v -> patient.identifier as i, i.system = '${NHS_NUMBER}', i.value = v;
    p.localId as v -> patient.identifier as i, i.system = '${ID}/patient', i.value = v;
    p -> patient.name as n, n.use = 'official' then {
      p.surname as v -> n.family = v;
      p.forenames as v -> n.given = v;
      p.title as v -> n.prefix = v;
    };
    p.calledName as v -> patient.name as n, n.use = 'usual', n.given = v;
    p.phones as f -> patient.telecom as t, t.system = 'phone' then {
      f.number as v -> t.value = v;
      f.use as v -> t.use = v;
    };
    p.email as v -> patient.telecom as t, t.system = 'email', t.value = v;
    p.sex as v -> patient.gender = v;
    p.born as v -> patient.birthDate = v;
    p.address as a -> patient.address as t, t.use = 'home' then {
      a.lines as v -> t.line = v;
      a.town as v -> t.city = v;
      a.county as v -> t.district = v;
      a.postcode as v -> t.postalCode = v;
    };
  };
  src.practice as c -> patient.generalPractitioner as g, g.identifier as i, i.system = 'https://fhir.nhs.uk/Id/ods-organization-code' then {
    c.ods as v -> i.value = v;
    c.name as v -> g.display = v;
  };
  src.referral as r -> request.resourceType = 'ServiceRequest', request.status = 'active', request.intent = 'order' then {
    r.id as v -> request.identifier as i, i.system = '${ID}/referral', i.value = v;
    r.urgency as u where urgency = 'urgent' -> request.priority = 'urgent';
    r.urgency as u where urgency != 'urgent' -> request.priority = 'routine';
    r.service as s -> request.code as c, c.coding as d, d.system = 'http://snomed.info/sct' then {
      s.code as v -> d.code = v;
      s.name as v -> d.display = v, c.text = v;
    };
    r.requiredBy as v -> request.occurrenceDateTime = v;
    r.written as v -> request.authoredOn = v, plan.created = v;
    r.reason as v -> request.reasonCode as c, c.text = v;
    r.note as v -> request.note as n, n.text = v;
  };
  src.referrer as w -> request.requester as q, q.identifier as i, i.system = '${ID}/user' then {
    w.id as v -> i.value = v;
    w -> q.display = (%w.title & ' ' & %w.forename & ' ' & %w.surname);
  };
  src.references as f then {
    f.patient as v -> request.subject as s, s.reference = v, plan.subject as t, t.reference = v, careTeam.subject as u, u.reference = v;
    f.team as v -> plan.careTeam as t, t.reference = v;
  };
  src.patient as p -> plan.resourceType = 'CarePlan', plan.status = 'active', plan.intent = 'plan' then {
    p.nhsNumber as v -> plan.identifier as i, i.system = '${ID}/care-plan', i.value = v;
    p -> plan.title = ('Care plan of ' & %p.calledName & ' ' & %p.surname);
  };
  src.needs as n -> plan.addresses as a, a.identifier as i, i.system = '${ID}/need' then {
    n.id as v -> i.value = v;
    n.term as v -> a.display = v;
  };
  src.needs as n then {
    n.goal as v -> plan.goal as g, g.display = v;
  };
  src.actions as a -> plan.activity as t, t.detail as d then {
    a.state as v -> d.status = v;
    a.when as v -> d.scheduledString = v;
    a -> d.description = (%a.what & ' (' & %a.who & ')');
  };
  src.patient as p -> careTeam.resourceType = 'CareTeam', careTeam.status = 'active' then {
    p.nhsNumber as v -> careTeam.identifier as i, i.system = '${ID}/care-team', i.value = v;
  };
  src.team as m -> careTeam.participant as p, p.role as r, p.member as w, p.period as d then {
    m.role as v -> r.text = v;
    m.name as v -> w.display = v;
    m.since as v -> d.start = v;
  };
}
`;

/** The types whose lists the engine must know of. */
const TYPES = ['Patient', 'ServiceRequest', 'CarePlan', 'CareTeam', 'HumanName', 'Address', 'CodeableConcept'];

const ENTRIES = [
  ['patient', 'merge', ['identifier'], NHS_NUMBER],
  ['request', 'replace', [], `${ID}/referral`],
  ['plan', 'merge', [], `${ID}/care-plan`],
  ['team', 'merge', ['participant'], `${ID}/care-team`],
] as const;

export function createStructureMap(): (message: Referral) => unknown[] {
  for (const type of TYPES) loadIntoCore(type);
  const map = parseMappingLanguage(MAP);
  return (message) => {
    const nhs = message.patient.nhsNumber;
    const references = {
      patient: referenceTo('Patient', NHS_NUMBER, nhs).reference,
      team: referenceTo('CareTeam', `${ID}/care-team`, nhs).reference,
    };
    const resources = structureMapTransform(map, [toTypedValue({ ...message, references })]);
    return ENTRIES.map(([name, write, union, system], index) => {
      const resource = resources[index]?.value as Resource & { identifier: { value: string }[] };
      const value = name === 'request' ? message.referral.id : nhs;
      return entryOf(name, write, [...union], system, value, resource);
    });
  };
}
