import type { FormatName } from '../formats/format.ts';
import type { BusinessIdentifier } from '../store/store.ts';

/** A configuration as the gateway uses it: read, checked, with environment variables filled in. `load-config.ts` makes it. */
export interface Config {
  /** Absolute path of the file it came from. */
  readonly file: string;
  readonly title: string;
  /** Where clients reach us, without a trailing slash: `http://localhost:8080`. Token audiences are built from it. */
  readonly baseUrl: string;
  readonly http: { readonly host: string; readonly port: number };
  readonly mllp: { readonly host: string; readonly port: number };
  /** Absolute path of the folder of the embedded store and of our own keys. */
  readonly dataFolder: string;
  /** Address of the PostgreSQL database that is the store, password included: not for eyes. Undefined: the embedded store. */
  readonly database: string | undefined;
  /** Absolute path. */
  readonly mappingsFolder: string;
  readonly delivery: {
    readonly attemptsMax: number;
    readonly backoffFirstMs: number;
    readonly backoffCapMs: number;
    readonly timeoutMs: number;
  };
  readonly partners: ReadonlyMap<string, Partner>;
  readonly clients: ReadonlyMap<string, Client>;
  readonly routes: readonly Route[];
}

/** An organisation whose systems we talk to. */
export interface Partner {
  readonly name: string;
  readonly title: string;
  readonly organisation: BusinessIdentifier | undefined;
  /** By direction and name: `in/referrals`, `out/referrals`. */
  readonly channels: ReadonlyMap<string, Channel>;
}

export function inChannel(config: Pick<Config, 'partners'>, partner: string, channel: string): InChannel | undefined {
  const found = config.partners.get(partner)?.channels.get(`in/${channel}`);
  return found?.direction === 'in' ? found : undefined;
}

export function outChannel(config: Pick<Config, 'partners'>, partner: string, channel: string): OutChannel | undefined {
  const found = config.partners.get(partner)?.channels.get(`out/${channel}`);
  return found?.direction === 'out' ? found : undefined;
}

export type Channel = InChannel | OutChannel;

/** One kind of message that a partner sends us. */
export interface InChannel {
  readonly direction: 'in';
  readonly name: string;
  readonly transport: 'http' | 'mllp';
  readonly format: FormatName;
  readonly mapping: string;
  /** MLLP: which sender this channel is for. A connection from elsewhere, or another sender, is refused. */
  readonly sender:
    | {
        /** MSH-3 and MSH-4. */
        readonly application: string;
        readonly facility: string;
        /** Source addresses, as single addresses or CIDR ranges. */
        readonly addresses: readonly string[];
      }
    | undefined;
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
}

/** An application that may ask for tokens (SMART Backend Services). */
export interface Client {
  readonly id: string;
  /** The partner whose application it is. */
  readonly partner: string;
  /** SMART v2 scopes such as `system/CarePlan.rs`, and `intake` to send messages as its partner. */
  readonly scopes: readonly string[];
  /** `demo`: a key pair that the gateway makes for itself at first start, for trying it out. */
  readonly keys:
    | { readonly kind: 'url'; readonly url: string }
    | { readonly kind: 'file' | 'demo'; readonly file: string };
}

export interface Route {
  readonly name: string;
  /** A FHIR search string: `ServiceRequest?category=http://snomed.info/sct|306167008&status=active`. */
  readonly criteria: string;
  readonly to: readonly { readonly partner: string; readonly channel: string }[];
  /** Where it stands: `ginnel.yaml:41:7`. */
  readonly place: string;
}
