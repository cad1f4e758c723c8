import type {
  CodeableConcept,
  HumanName,
  Organization,
  Practitioner,
  PractitionerRole,
  Reference,
  Resource,
} from '@medplum/fhirtypes';

/** Who a reference names, for people to read. */
export type Directory = ReadonlyMap<string, string>;

/** Names of practitioners, roles and organisations, by reference. */
export function directoryOf(resources: readonly (Practitioner | PractitionerRole | Organization)[]): Directory {
  const names = new Map<string, string>();
  for (const one of resources) {
    if (one.resourceType === 'Practitioner') names.set(`Practitioner/${one.id}`, nameText(one.name));
    if (one.resourceType === 'Organization') names.set(`Organization/${one.id}`, one.name ?? '');
  }
  for (const one of resources) {
    if (one.resourceType !== 'PractitionerRole') continue;
    const person = referenceText(one.practitioner, names);
    const organisation = referenceText(one.organization, names);
    names.set(`PractitionerRole/${one.id}`, [person, organisation].filter((part) => part !== '').join(', '));
  }
  return names;
}

/** A resource in one or more plain lines: for a section's narrative and for a terminal. */
export function describe(resource: Resource, directory: Directory): string[] {
  switch (resource.resourceType) {
    case 'CarePlan':
      return [
        [resource.title ?? 'Care plan', resource.status, span(resource.period)].filter(Boolean).join(', '),
        ...(resource.activity ?? []).flatMap(({ detail }) =>
          detail === undefined
            ? []
            : [
                [
                  `Action: ${detail.description ?? conceptText(detail.code)}`,
                  detail.status,
                  (detail.performer ?? []).map((who) => referenceText(who, directory)).join(', '),
                ]
                  .filter(Boolean)
                  .join(', '),
              ],
        ),
      ];
    case 'CareTeam':
      // Family stand among the personal contacts, with how they are related.
      return (resource.participant ?? [])
        .filter(({ member }) => !isRelative(member))
        .map((one) =>
          [(one.role ?? []).map(conceptText).join(', '), referenceText(one.member, directory), span(one.period)]
            .filter(Boolean)
            .join(': '),
        );
    case 'ServiceRequest':
      return [
        [
          conceptText(resource.code) || (resource.category ?? []).map(conceptText).join(', '),
          resource.status,
          resource.priority,
          resource.authoredOn?.slice(0, 10),
          (resource.performer ?? []).map((who) => referenceText(who, directory)).join(', '),
        ]
          .filter(Boolean)
          .join(', '),
      ];
    case 'Goal':
      return [[`Goal: ${conceptText(resource.description)}`, resource.lifecycleStatus].filter(Boolean).join(', ')];
    case 'Condition':
      return [`Need: ${conceptText(resource.code)}`];
    case 'Task':
      return [
        [`Task: ${resource.description ?? conceptText(resource.code)}`, resource.status].filter(Boolean).join(', '),
      ];
    case 'Encounter':
      return [
        [
          conceptText(resource.type?.[0]) || resource.class?.display || resource.class?.code,
          resource.status,
          span(resource.period),
        ]
          .filter(Boolean)
          .join(', '),
      ];
    case 'RelatedPerson':
      return [
        [nameText(resource.name), (resource.relationship ?? []).map(conceptText).join(', ')].filter(Boolean).join(': '),
      ];
    default:
      return [resource.resourceType];
  }
}

export function nameText(names: readonly HumanName[] | undefined): string {
  const name = names?.find(({ use }) => use === 'official' || use === 'usual') ?? names?.[0];
  if (name === undefined) return '';
  return name.text ?? [...(name.prefix ?? []), ...(name.given ?? []), name.family].filter(Boolean).join(' ');
}

export function conceptText(concept: CodeableConcept | undefined): string {
  const coding = concept?.coding?.find(({ display }) => display !== undefined);
  return concept?.text ?? coding?.display ?? concept?.coding?.[0]?.code ?? '';
}

function referenceText(reference: Reference | undefined, directory: Directory): string {
  if (reference === undefined) return '';
  return directory.get(reference.reference ?? '') || reference.display || reference.identifier?.value || '';
}

function isRelative(member: Reference | undefined): boolean {
  return member?.reference?.startsWith('RelatedPerson/') === true;
}

function span(period: { start?: string; end?: string } | undefined): string {
  if (period?.start === undefined && period?.end === undefined) return '';
  return `${period.start?.slice(0, 10) ?? ''} to ${period.end?.slice(0, 10) ?? 'now'}`;
}
