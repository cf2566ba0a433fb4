/** System errors as values: the same shape as a data plane's fault, so that one can be handed on as the other. */
import { getSystemErrorName } from 'node:util';

export interface SystemFault {
  readonly kind: 'local';
  readonly what: 'kernel';
  /** `EADDRINUSE` */
  readonly errno: string;
  /** What was tried on what, and the system's words. */
  readonly why: string;
}

/** `errno` positive, as in C. */
export const systemFault = (errno: number, why: string): SystemFault => ({
  kind: 'local',
  what: 'kernel',
  errno: errnoName(errno),
  why,
});

export const isFault = (value: unknown): value is SystemFault =>
  typeof value === 'object' && value !== null && 'what' in value && value.what === 'kernel' && 'errno' in value;

/** Runs `call`; a system error becomes a fault that names `subject`, anything else is a bug and thrown on. */
export function attempt<T>(call: () => T, subject: string): T | SystemFault {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') throw error;
    return systemFault(error.errno, `${subject}: ${error.message}`);
  }
}

/** ENOTSUPP, the kernel's own (never meant for users, but sent to them), is not in libuv's list. */
const errnoName = (errno: number): string => (errno === 524 ? 'ENOTSUPP' : getSystemErrorName(-errno));
