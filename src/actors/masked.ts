/** `logip=no`: lines about peers without their addresses. */
import { Address } from '../net/address.ts';

const MASK = '<ip-address>';
/** What may be an address of either family; whether it is one, `Address` says. */
const CANDIDATE =
  /\d{1,3}(?:\.\d{1,3}){3}|[\da-f]{0,4}(?::[\da-f]{0,4}){1,7}:\d{1,3}(?:\.\d{1,3}){3}|[\da-f]{0,4}(?::[\da-f]{0,4}){2,8}/gi;

/** Every address in the text replaced, with ports and prefix lengths left where they are. */
export const masked = (text: string): string =>
  text.replace(CANDIDATE, (found) => (Address.parse(found) ? MASK : found));
