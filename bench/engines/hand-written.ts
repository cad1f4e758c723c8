import { entryOf, ID, NHS_NUMBER, type Referral, referenceTo } from './referral.ts';

/** The least that the work can cost. */
export function mapByHand({ referral, patient, practice, referrer, needs, actions, team }: Referral): unknown[] {
  const nhs = patient.nhsNumber;
  const subject = referenceTo('Patient', NHS_NUMBER, nhs);
  const careTeam = referenceTo('CareTeam', `${ID}/care-team`, nhs);
  return [
    entryOf('patient', 'merge', ['identifier'], NHS_NUMBER, nhs, {
      resourceType: 'Patient',
      identifier: [
        { system: NHS_NUMBER, value: nhs },
        { system: `${ID}/patient`, value: patient.localId },
      ],
      active: true,
      name: [
        { use: 'official', family: patient.surname, given: [...patient.forenames], prefix: [patient.title] },
        ...(patient.calledName === undefined ? [] : [{ use: 'usual', given: [patient.calledName] }]),
      ],
      telecom: [
        ...patient.phones.map(({ number, use }) => ({ system: 'phone', value: number, use })),
        { system: 'email', value: patient.email },
      ],
      gender: patient.sex,
      birthDate: patient.born,
      address: [
        {
          use: 'home',
          line: [...patient.address.lines],
          city: patient.address.town,
          district: patient.address.county,
          postalCode: patient.address.postcode,
        },
      ],
      generalPractitioner: [
        {
          identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: practice.ods },
          display: practice.name,
        },
      ],
    } as { resourceType: string }),
    entryOf('request', 'replace', [], `${ID}/referral`, referral.id, {
      resourceType: 'ServiceRequest',
      identifier: [{ system: `${ID}/referral`, value: referral.id }],
      status: 'active',
      intent: 'order',
      priority: referral.urgency === 'urgent' ? 'urgent' : 'routine',
      code: {
        coding: [{ system: 'http://snomed.info/sct', code: referral.service.code, display: referral.service.name }],
        text: referral.service.name,
      },
      subject,
      occurrenceDateTime: referral.requiredBy,
      authoredOn: referral.written,
      requester: {
        identifier: { system: `${ID}/user`, value: referrer.id },
        display: `${referrer.title} ${referrer.forename} ${referrer.surname}`,
      },
      reasonCode: [{ text: referral.reason }],
      note: [{ text: referral.note }],
    } as { resourceType: string }),
    entryOf('plan', 'merge', [], `${ID}/care-plan`, nhs, {
      resourceType: 'CarePlan',
      identifier: [{ system: `${ID}/care-plan`, value: nhs }],
      status: 'active',
      intent: 'plan',
      title: `Care plan of ${patient.calledName} ${patient.surname}`,
      subject,
      created: referral.written,
      addresses: needs.map(({ id, term }) => ({ identifier: { system: `${ID}/need`, value: id }, display: term })),
      goal: needs.filter(({ goal }) => goal !== undefined).map(({ goal }) => ({ display: goal })),
      activity: actions.map(({ what, who, when, state }) => ({
        detail: { status: state, scheduledString: when, description: `${what} (${who})` },
      })),
      careTeam: [careTeam],
    } as { resourceType: string }),
    entryOf('team', 'merge', ['participant'], `${ID}/care-team`, nhs, {
      resourceType: 'CareTeam',
      identifier: [{ system: `${ID}/care-team`, value: nhs }],
      status: 'active',
      subject,
      participant: team.map(({ role, name, since }) => ({
        role: [{ text: role }],
        member: { display: name },
        period: { start: since },
      })),
    } as { resourceType: string }),
  ];
}
