import type { AuditEventAgent, Coding } from '@medplum/fhirtypes';
import type { Partner } from '../config/config.ts';
import { concept, IDENTIFIERS } from './codes.ts';

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
): AuditEventAgent {
  return {
    type: concept(role),
    who:
      client === undefined
        ? { type: 'Device', display: 'unknown' }
        : { type: 'Device', identifier: { system: IDENTIFIERS.client, value: client } },
    requestor: true,
    ...(tokenId === undefined ? {} : { policy: [`${IDENTIFIERS.token}/${tokenId}`] }),
    ...networkOf(address),
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

/** http://hl7.org/fhir/network-type: 2 is an IP address. */
export function networkOf(address: string | undefined): Pick<AuditEventAgent, 'network'> {
  return address === undefined ? {} : { network: { address, type: '2' } };
}
