const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a URL's `hostname` is this machine, whatever a resolver says: a name that merely resolves to it is not. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}
