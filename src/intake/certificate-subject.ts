import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Subject of the client certificate on this connection, if it has shown one that our client authority signed:
 * `C=GB, O=Trust, CN=pas`, its parts in the certificate's order. What is special inside a part is escaped, so that no
 * name can pass for another. Undefined for a connection without one.
 */
export function certificateSubject(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return socket.getPeerX509Certificate()?.subject.replaceAll('\n', ', ');
}
