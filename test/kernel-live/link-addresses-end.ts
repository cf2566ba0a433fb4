/**
 * Puts inner addresses on the interfaces of its own namespace. Takes a JSON list of steps, `add ADDRESS TOWARDS` and
 * `remove ADDRESS`; says for each what was done, as a line of JSON, and which addresses there are then.
 */
import { LinkAddresses } from '../../src/kernel/link-addresses.ts';
import { isFault, localAddresses } from '../../src/native/index.ts';
import { Address } from '../../src/net/address.ts';

const address = (text: string): Address => {
  const parsed = Address.parse(text);
  if (!parsed) throw new Error(`${text} is no address`);
  return parsed;
};

const ours = new LinkAddresses();
for (const step of JSON.parse(process.argv[2]) as readonly string[]) {
  const [what, which, towards] = step.split(' ');
  const said = what === 'add' ? ours.add(address(which), address(towards)) : ours.remove(address(which));
  const local = localAddresses();
  const there = isFault(local)
    ? []
    : local
        .filter(({ isLinkLocal }) => !isLinkLocal)
        .map((one) => `${one.interface} ${Address.fromBytes(one.address)}`);
  process.stdout.write(`${JSON.stringify({ said, there })}\n`);
}
