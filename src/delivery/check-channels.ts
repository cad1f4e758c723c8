import { isKeySetUrl } from '../auth/fetch-key-set.ts';
import type { Config, OutChannel } from '../config/config.ts';
import { readOutTlsFiles, readSecret, readSecretFile, readTlsFiles } from '../config/read-tls.ts';
import { GinnelError, type Issue, issue } from '../kernel/errors.ts';

/** What is wrong with the keys, secrets and certificates that the configuration names, before anything needs them. */
export function checkCredentials({ partners, http, mllp }: Pick<Config, 'partners' | 'http' | 'mllp'>): Issue[] {
  const issues: Issue[] = [];
  const attempt = (at: string, read: () => unknown): void => {
    try {
      read();
    } catch (fault) {
      if (!(fault instanceof GinnelError)) throw fault;
      issues.push(...fault.issues.map((one) => ({ ...one, at })));
    }
  };
  const { tls: httpTls } = http;
  const { tls: mllpTls } = mllp;
  if (httpTls !== undefined) attempt('http.tls', () => readTlsFiles(httpTls));
  if (mllpTls !== undefined) attempt('mllp.tls', () => readTlsFiles(mllpTls));
  for (const partner of partners.values()) {
    for (const channel of partner.channels.values()) {
      const at = `${partner.name}/${channel.name}`;
      if (channel.direction === 'in') {
        const demands = channel.sender?.certificate !== undefined;
        if (demands && mllpTls?.clientAuthority === undefined)
          issues.push(issue('config-invalid', 'A certificate needs mllp.tls.clientAuthority: who signs it.', { at }));
        continue;
      }
      const { tls } = channel;
      if (tls !== undefined) attempt(at, () => readOutTlsFiles(tls));
      attempt(at, () => readProof(channel));
      const urls = channel.auth === undefined ? [] : [channel.url, ...tokenUrlOf(channel)];
      if (urls.some((url) => !isKeySetUrl(url)))
        issues.push(issue('config-invalid', 'Credentials go over https, or over http on this machine itself.', { at }));
    }
  }
  return issues;
}

function readProof({ auth }: OutChannel): void {
  if (auth?.kind === 'smart') readSecretFile(auth.keyFile);
  if (auth?.kind === 'basic') readSecret(auth.password);
  if (auth?.kind === 'api-key') readSecret(auth.secret);
}

function tokenUrlOf({ auth }: OutChannel): string[] {
  return auth?.kind === 'smart' ? [auth.tokenUrl] : [];
}
