import type { Target } from './output.ts';

/** The element names that mappings write most, each at the number that `setNamed` knows it by. */
export const NAMES_WRITTEN_OUT: readonly string[] = [
  'active',
  'activity',
  'address',
  'addresses',
  'author',
  'authoredOn',
  'basedOn',
  'birthDate',
  'careTeam',
  'category',
  'city',
  'class',
  'clinicalStatus',
  'code',
  'coding',
  'created',
  'description',
  'detail',
  'display',
  'district',
  'end',
  'extension',
  'family',
  'fullUrl',
  'gender',
  'generalPractitioner',
  'given',
  'goal',
  'identifier',
  'intent',
  'line',
  'link',
  'location',
  'managingOrganization',
  'member',
  'meta',
  'name',
  'note',
  'occurrenceDateTime',
  'occurrencePeriod',
  'onsetDateTime',
  'organization',
  'participant',
  'performer',
  'period',
  'postalCode',
  'practitioner',
  'prefix',
  'priority',
  'profile',
  'reasonCode',
  'recordedDate',
  'reference',
  'relationship',
  'requester',
  'resource',
  'resourceType',
  'role',
  'scheduledString',
  'serviceType',
  'start',
  'status',
  'statusReason',
  'subject',
  'supportingInfo',
  'system',
  'target',
  'telecom',
  'text',
  'title',
  'type',
  'unit',
  'url',
  'use',
  'value',
  'valueCodeableConcept',
  'valueString',
  'verificationStatus',
];

const NUMBERS: ReadonlyMap<string, number> = new Map(NAMES_WRITTEN_OUT.map((name, at) => [name, at]));

/** The number of a name, for `setNamed`; -1 for one that is not written out. */
export function numberOfName(name: string): number {
  return NUMBERS.get(name) ?? -1;
}

/** Writes a member. A store whose name is written out takes about half as long as one whose name is a variable. */
export function setNamed(target: Target, number: number, name: string, value: unknown): void {
  switch (number) {
    case 0:
      target.active = value;
      return;
    case 1:
      target.activity = value;
      return;
    case 2:
      target.address = value;
      return;
    case 3:
      target.addresses = value;
      return;
    case 4:
      target.author = value;
      return;
    case 5:
      target.authoredOn = value;
      return;
    case 6:
      target.basedOn = value;
      return;
    case 7:
      target.birthDate = value;
      return;
    case 8:
      target.careTeam = value;
      return;
    case 9:
      target.category = value;
      return;
    case 10:
      target.city = value;
      return;
    case 11:
      target.class = value;
      return;
    case 12:
      target.clinicalStatus = value;
      return;
    case 13:
      target.code = value;
      return;
    case 14:
      target.coding = value;
      return;
    case 15:
      target.created = value;
      return;
    case 16:
      target.description = value;
      return;
    case 17:
      target.detail = value;
      return;
    case 18:
      target.display = value;
      return;
    case 19:
      target.district = value;
      return;
    case 20:
      target.end = value;
      return;
    case 21:
      target.extension = value;
      return;
    case 22:
      target.family = value;
      return;
    case 23:
      target.fullUrl = value;
      return;
    case 24:
      target.gender = value;
      return;
    case 25:
      target.generalPractitioner = value;
      return;
    case 26:
      target.given = value;
      return;
    case 27:
      target.goal = value;
      return;
    case 28:
      target.identifier = value;
      return;
    case 29:
      target.intent = value;
      return;
    case 30:
      target.line = value;
      return;
    case 31:
      target.link = value;
      return;
    case 32:
      target.location = value;
      return;
    case 33:
      target.managingOrganization = value;
      return;
    case 34:
      target.member = value;
      return;
    case 35:
      target.meta = value;
      return;
    case 36:
      target.name = value;
      return;
    case 37:
      target.note = value;
      return;
    case 38:
      target.occurrenceDateTime = value;
      return;
    case 39:
      target.occurrencePeriod = value;
      return;
    case 40:
      target.onsetDateTime = value;
      return;
    case 41:
      target.organization = value;
      return;
    case 42:
      target.participant = value;
      return;
    case 43:
      target.performer = value;
      return;
    case 44:
      target.period = value;
      return;
    case 45:
      target.postalCode = value;
      return;
    case 46:
      target.practitioner = value;
      return;
    case 47:
      target.prefix = value;
      return;
    case 48:
      target.priority = value;
      return;
    case 49:
      target.profile = value;
      return;
    case 50:
      target.reasonCode = value;
      return;
    case 51:
      target.recordedDate = value;
      return;
    case 52:
      target.reference = value;
      return;
    case 53:
      target.relationship = value;
      return;
    case 54:
      target.requester = value;
      return;
    case 55:
      target.resource = value;
      return;
    case 56:
      target.resourceType = value;
      return;
    case 57:
      target.role = value;
      return;
    case 58:
      target.scheduledString = value;
      return;
    case 59:
      target.serviceType = value;
      return;
    case 60:
      target.start = value;
      return;
    case 61:
      target.status = value;
      return;
    case 62:
      target.statusReason = value;
      return;
    case 63:
      target.subject = value;
      return;
    case 64:
      target.supportingInfo = value;
      return;
    case 65:
      target.system = value;
      return;
    case 66:
      target.target = value;
      return;
    case 67:
      target.telecom = value;
      return;
    case 68:
      target.text = value;
      return;
    case 69:
      target.title = value;
      return;
    case 70:
      target.type = value;
      return;
    case 71:
      target.unit = value;
      return;
    case 72:
      target.url = value;
      return;
    case 73:
      target.use = value;
      return;
    case 74:
      target.value = value;
      return;
    case 75:
      target.valueCodeableConcept = value;
      return;
    case 76:
      target.valueString = value;
      return;
    case 77:
      target.verificationStatus = value;
      return;
    default:
      target[name] = value;
  }
}
