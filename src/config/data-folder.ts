import { resolve } from 'node:path';

/** Where a gateway on this machine keeps its data, for what has to know before there is a configuration, or without one. */
export function dataFolderOf(env: NodeJS.ProcessEnv): string {
  return resolve(env.GINNEL_DATA || './data');
}
