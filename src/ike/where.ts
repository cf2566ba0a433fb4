import type { Endpoint } from '../net/endpoint.ts';

/** libreswan's text: `192.0.2.1:UDP/500`. */
export const where = (at: Endpoint): string =>
  at.address.family === 6 ? `[${at.address}]:UDP/${at.port}` : `${at.address}:UDP/${at.port}`;
