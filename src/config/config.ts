import type { FormatName } from '../formats/format.ts';
import type { BusinessIdentifier } from '../store/store.ts';

/** A configuration as the gateway uses it: read, checked, with environment variables filled in. `load-config.ts` makes it. */
export interface Config {
  /** Absolute path of the file it came from. */
  readonly file: string;
  readonly title: string;
  /** Where clients reach us, without a trailing slash: `http://localhost:8080`. Token audiences are built from it. */
  readonly baseUrl: string;
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Origins whose applications may read our answers in a browser; `*` for any. */
    readonly origins: readonly string[];
    readonly tls?: TlsFiles | undefined;
    /** Addresses or CIDR ranges of proxies in front, whose `X-Forwarded-For` says where a request comes from. */
    readonly trustedProxies?: readonly string[] | undefined;
  };
  readonly mllp: { readonly host: string; readonly port: number; readonly tls?: TlsFiles | undefined };
  /** How many refusals an address or client may cause at once and in a second before it is not heard for a while. */
  readonly refusals?: { readonly burst: number; readonly perSecond: number } | undefined;
  /** Absolute path of the folder of the embedded store and of our own keys. */
  readonly dataFolder: string;
  /** Address of the PostgreSQL database that is the store, password included: not for eyes. Undefined: the embedded store. */
  readonly database: string | undefined;
  /** Apply missing migrations at the start; else the gateway refuses a store that is older than itself. */
  readonly migrates: boolean;
  /** Days after which `ginnel store compact` removes; undefined: never. */
  readonly retention: { readonly messageBodyDays: number | undefined; readonly deliveryDays: number | undefined };
  /** Whether an answer to a read waits until its event is durable in the audit. */
  readonly audit: { readonly reads: 'durable' | 'batched' };
  /** Absolute path. */
  readonly mappingsFolder: string;
  /** Absolute path of the installed FHIR packages; it need not be there. */
  readonly profilesFolder: string;
  readonly delivery: {
    readonly attemptsMax: number;
    readonly backoffFirstMs: number;
    readonly backoffCapMs: number;
    readonly timeoutMs: number;
  };
  readonly partners: ReadonlyMap<string, Partner>;
  readonly clients: ReadonlyMap<string, Client>;
  readonly issuers: ReadonlyMap<string, Issuer>;
  readonly routes: readonly Route[];
}

/** Absolute paths of PEM files. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** Who signs the certificates of clients. With it, the MLLP door demands one; the HTTP door takes one. */
  readonly clientAuthority: string | undefined;
}

/** Where a secret is: in the environment or in a file. It is never in the configuration, and read when it is needed. */
export type SecretPlace =
  | { readonly kind: 'env'; readonly name: string; readonly value: () => string | undefined }
  | { readonly kind: 'file'; readonly file: string };

/** How we prove ourselves to a partner. */
export type OutAuth =
  | {
      /** SMART Backend Services: we are the client. */
      readonly kind: 'smart';
      readonly tokenUrl: string;
      readonly clientId: string;
      /** Our private key (JWK), as `ginnel keys` makes it. */
      readonly keyFile: string;
      readonly scope: string;
    }
  | { readonly kind: 'basic'; readonly user: string; readonly password: SecretPlace }
  | { readonly kind: 'api-key'; readonly header: string; readonly secret: SecretPlace };

/** Our client certificate for a partner, and who signs the partner's, if that is nobody public. PEM files. */
export interface OutTls {
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly authority: string | undefined;
}

/** An organisation whose systems we talk to. */
export interface Partner {
  readonly name: string;
  readonly title: string;
  readonly organisation: BusinessIdentifier | undefined;
  /** By direction and name: `in/referrals`, `out/referrals`. */
  readonly channels: ReadonlyMap<string, Channel>;
  /** What it is. Consent to direct care is implied between health partners alone; undefined is `other`. */
  readonly kind?: PartnerKind | undefined;
  /** The recorded basis, other than consent, on which a partner outside health is given data; undefined: consent alone. */
  readonly basis?: string | undefined;
  /** Confidentiality labels above normal (`R`, `V`) that routes may bring it. */
  readonly labels?: readonly string[] | undefined;
  /** What its clients may see, where a client has no rules of its own. */
  readonly access?: readonly AccessRule[] | undefined;
}

export type PartnerKind = 'health' | 'social-care' | 'other';

/** What an access rule may open: reading one, searching, and the four ways of writing (a patch is an update). */
export type AccessInteraction = 'read' | 'search' | 'create' | 'update' | 'delete';

/** One thing that is opened; whatever no rule opens is closed. See docs/access.md. */
export interface AccessRule {
  /** Resource types; `*` is every type of a patient's record and of the directory. */
  readonly types: readonly string[];
  readonly interactions: readonly AccessInteraction[];
  /** Whose records: of patients its organisation cares for, of patients registered with those named, or everybody's. */
  readonly for: 'related' | 'neighbourhood' | 'all';
  /** `related`: organisations besides its own; `neighbourhood`: the practices or areas. */
  readonly organisations: readonly BusinessIdentifier[];
  /** Only resources with one of these categories, `system|code`. Empty: whatever the category. */
  readonly categories: readonly string[];
  /** The only elements that leave, besides id and meta. Undefined: all. */
  readonly elements: readonly string[] | undefined;
  /** Confidentiality labels above normal (`R`, `V`) that it opens. */
  readonly labels: readonly string[];
}

export function inChannel(config: Pick<Config, 'partners'>, partner: string, channel: string): InChannel | undefined {
  const found = config.partners.get(partner)?.channels.get(`in/${channel}`);
  return found?.direction === 'in' ? found : undefined;
}

export function outChannel(config: Pick<Config, 'partners'>, partner: string, channel: string): OutChannel | undefined {
  const found = config.partners.get(partner)?.channels.get(`out/${channel}`);
  return found?.direction === 'out' ? found : undefined;
}

export function inChannels(config: Pick<Config, 'partners'>, partner: string): InChannel[] {
  const channels = [...(config.partners.get(partner)?.channels.values() ?? [])];
  return channels.filter((channel) => channel.direction === 'in');
}

export type Channel = InChannel | OutChannel;

/**
 * What becomes of a resource that is not valid: the message is refused, or the resource is let pass and the issues are
 * told as warnings, or that and its `meta.tag` says so too.
 */
export type ValidationPolicy = 'reject' | 'warn' | 'tag';

/** One kind of message that a partner sends us. */
export interface InChannel {
  readonly direction: 'in';
  readonly name: string;
  readonly transport: 'http' | 'mllp';
  readonly format: FormatName;
  readonly mapping: string;
  /** Undefined: `reject`. */
  readonly validation?: ValidationPolicy | undefined;
  /** FHIR messages of these events, `system|code` or a URI; undefined: whatever comes. */
  readonly events?: readonly string[] | undefined;
  /** MLLP: which sender this channel is for. A connection from elsewhere, or another sender, is refused. */
  readonly sender:
    | {
        /** MSH-3 and MSH-4. */
        readonly application: string;
        readonly facility: string;
        /** Source addresses, as single addresses or CIDR ranges. */
        readonly addresses: readonly string[];
        /** Subject of the client certificate that this sender shows; undefined where it need not show one. */
        readonly certificate?: string | undefined;
      }
    | undefined;
  /** HTTP: addresses or CIDR ranges that may send; undefined where every address may. */
  readonly addresses?: readonly string[] | undefined;
}

/** One kind of message that we send a partner. */
export interface OutChannel {
  readonly direction: 'out';
  readonly name: string;
  readonly transport: 'http';
  readonly format: FormatName;
  readonly mapping: string;
  readonly url: string;
  /** Loopback and private addresses are refused unless the channel says that its partner is there. */
  readonly privateAddress: boolean;
  readonly auth?: OutAuth | undefined;
  readonly tls?: OutTls | undefined;
}

/** An application that may ask for tokens (SMART Backend Services). */
export interface Client {
  readonly id: string;
  /** The partner whose application it is. */
  readonly partner: string;
  /** SMART v2 scopes such as `system/CarePlan.rs`, and `intake` to send messages as its partner. */
  readonly scopes: readonly string[];
  /** By what it proves itself. */
  readonly keys: ClientProof;
  /** What it may see; undefined: the rules of its partner. Neither: nothing. */
  readonly access?: readonly AccessRule[] | undefined;
  /** It may open one unrelated patient's record in an emergency, for minutes, and every time is an alert. */
  readonly breakGlass?: boolean | undefined;
  /** Its requests must name the person who asks. */
  readonly personRequired?: boolean | undefined;
}

/**
 * Public keys by address, file or text (`inline`: of a client that was added while the gateway ran). `demo`: a key pair
 * that the gateway makes for itself at first start, for trying it out. `certificate` and `api-key` open the doors for
 * messages alone: the subject of a client certificate, and SHA-256 hashes of random keys.
 */
export type ClientProof =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file' | 'demo'; readonly file: string }
  | { readonly kind: 'inline'; readonly jwks: string }
  | { readonly kind: 'certificate'; readonly subject: string }
  | { readonly kind: 'api-key'; readonly hashes: readonly string[] };

/** Somebody else's authorization server whose access tokens are accepted: a trust's identity provider, say. */
export interface Issuer {
  readonly name: string;
  /** Exactly the `iss` of its tokens, and where its description is found. */
  readonly issuer: string;
  /** Exactly the `aud` of tokens that are for us; undefined: our FHIR base. */
  readonly audience: string | undefined;
  /** Where its keys are, if that is not for its description to say. */
  readonly jwksUrl: string | undefined;
  readonly algorithms: readonly string[];
  /** Whose application it is: always this partner, or the one that a claim's value stands for. */
  readonly partner:
    | { readonly kind: 'fixed'; readonly name: string }
    | { readonly kind: 'claim'; readonly claim: string; readonly values: ReadonlyMap<string, string> };
  /** The most that its tokens may give, with `user/` and `patient/` scopes. */
  readonly scopes: readonly string[];
  /** Which claims say who the user is. */
  readonly person:
    | {
        readonly claim: string;
        readonly system: string;
        readonly name: string | undefined;
        readonly role: string | undefined;
      }
    | undefined;
  /** Users of the shared plan viewer log in there (SMART App Launch). */
  readonly login: boolean;
}

export interface Route {
  readonly name: string;
  /** A FHIR search string: `ServiceRequest?category=http://snomed.info/sct|306167008&status=active`. */
  readonly criteria: string;
  readonly to: readonly { readonly partner: string; readonly channel: string }[];
  /** For resources that their channel let pass although they are not valid. Undefined: they are sent. */
  readonly validation?: ValidationPolicy | undefined;
  /** Where it stands: `ginnel.yaml:41:7`. */
  readonly place: string;
}
