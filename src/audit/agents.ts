import type { AuditEventAgent, Coding } from '@medplum/fhirtypes';
import type { Partner } from '../config/config.ts';
import { concept, IDENTIFIERS, ROLES } from './codes.ts';
import type { AuditPerson } from './input.ts';

/** Who took part in an event. */

/** What the audit needs to know of the gateway; a `Config` has this form. */
export interface AuditGateway {
  readonly baseUrl: string;
  readonly partners: ReadonlyMap<string, Partner>;
}

/** `client` undefined: somebody whom we do not know. The token's id goes into `policy`, as BALP has it for OAuth. */
export function clientAgent(
  role: Coding,
  client: string | undefined,
  address: string | undefined,
  tokenId: string | undefined,
  requestor = true,
): AuditEventAgent {
  return {
    type: concept(role),
    who:
      client === undefined
        ? { type: 'Device', display: 'unknown' }
        : { type: 'Device', identifier: { system: IDENTIFIERS.client, value: client } },
    requestor,
    ...(tokenId === undefined ? {} : { policy: [`${IDENTIFIERS.token}/${tokenId}`] }),
    ...networkOf(address),
  };
}

/** Who stands behind the application (BALP, agent `user`): whom the data are for, or from. */
export function personAgent(person: AuditPerson, writes: boolean): AuditEventAgent {
  return {
    type: concept(writes ? ROLES.author : ROLES.recipient),
    ...(person.role === undefined ? {} : { role: [{ text: person.role }] }),
    who: { identifier: { system: person.identifier.system, value: person.identifier.value } },
    ...(person.name === undefined ? {} : { name: person.name }),
    requestor: true,
  };
}

export function gatewayAgent(role: Coding, gateway: AuditGateway, requestor = false): AuditEventAgent {
  return {
    type: concept(role),
    who: gatewayReference(gateway),
    requestor,
    network: { address: gateway.baseUrl, type: '5' },
  };
}

export function gatewayReference(gateway: AuditGateway): NonNullable<AuditEventAgent['who']> {
  return { type: 'Device', identifier: { system: IDENTIFIERS.gateway, value: gateway.baseUrl }, display: 'Ginnel' };
}

/** The organisation by its own identifier, such as its ODS code; by its name in our configuration where it has none. */
export function partnerAgent(
  name: string,
  gateway: AuditGateway,
  part?: { readonly role: Coding; readonly requestor: boolean; readonly address: string | undefined },
): AuditEventAgent {
  const partner = gateway.partners.get(name);
  const identifier = partner?.organisation ?? { system: IDENTIFIERS.partner, value: name };
  return {
    ...(part === undefined ? {} : { type: concept(part.role) }),
    who: {
      type: 'Organization',
      identifier: { ...identifier },
      ...(partner === undefined ? {} : { display: partner.title }),
    },
    altId: name,
    requestor: part?.requestor ?? false,
    ...networkOf(part?.address),
  };
}

/**
 * The partner whom a delivery goes to: at the address it was sent to, or at that of the configuration, without what may
 * be secret in it.
 */
export function receiverAgent(
  name: string,
  { channel, address }: { readonly channel: string; readonly address?: string | undefined },
  role: Coding,
  gateway: AuditGateway,
): AuditEventAgent {
  const agent = partnerAgent(name, gateway, { role, requestor: false, address });
  const to = gateway.partners.get(name)?.channels.get(channel);
  if (address !== undefined || to?.direction !== 'out' || !URL.canParse(to.url)) return agent;
  return { ...agent, network: { address: new URL(to.url).origin, type: '5' } };
}

/** http://hl7.org/fhir/network-type: 2 is an IP address. */
export function networkOf(address: string | undefined): Pick<AuditEventAgent, 'network'> {
  return address === undefined ? {} : { network: { address, type: '2' } };
}
