import type { Address } from './address.ts';

/** An address and a UDP port: where IKE messages come from and go to. */
export class Endpoint {
  readonly address: Address;
  readonly port: number;

  constructor(address: Address, port: number) {
    this.address = address;
    this.port = port;
  }

  equals(other: Endpoint): boolean {
    return this.port === other.port && this.address.equals(other.address);
  }

  /** `192.0.2.1:500`, `[2001:db8::1]:500`. */
  toString(): string {
    return this.address.family === 6 ? `[${this.address}]:${this.port}` : `${this.address}:${this.port}`;
  }
}
