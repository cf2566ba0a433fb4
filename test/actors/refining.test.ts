/** Which of many templates at the same addresses a peer belongs to: RFC 7296 §2.15. The wrong ones do not let it in. */
import { describe, expect, test } from 'vitest';
import { Address } from '../../src/net/address.ts';
import { Id } from '../../src/net/id.ts';
import { conn, EAST, House, town } from './town.ts';

const COUNT = 60;

/** East has a template for each of `COUNT` identities, with a secret and a subnet of its own. */
function hub(more = '') {
  const numbers = Array.from({ length: COUNT }, (_, i) => i);
  const own = (i: number) => ({ left: '%any', leftid: `@w${i}`, leftsubnet: undefined, rightsubnet: `10.9.${i}.0/24` });
  const made = town({
    east: {
      conf: numbers.map((i) => conn(`road${i}`, own(i))).join('') + more,
      secrets: numbers.map((i) => `@east @w${i} : PSK "secret of ${i}"\n`).join(''),
    },
  });
  let count = 0;
  const comes = (changes: Record<string, string | undefined>, secret: string) => {
    count++;
    const address = `198.51.100.${count}`;
    const conf = conn('home', { left: address, leftsubnet: undefined, keyingtries: '1', ...changes });
    const house = new House(`w${count}`, made.clock, made.wire, { address, conf, secrets: `: PSK "${secret}"\n` });
    return house.whack({ kind: 'initiate', name: 'home' }).exit;
  };
  return { ...made, comes };
}

const letIn = ({ world: { registry } }: House) =>
  [...registry.entries()].flatMap((e) => registry.instancesOf(e).map(({ conn: { name } }) => name));

describe('of many templates that differ in the identity of the peer', () => {
  test('each peer has its own, whatever their order', () => {
    const { east, comes } = hub();
    for (const i of [COUNT - 1, 0, 37])
      expect(comes({ leftid: `@w${i}`, rightsubnet: `10.9.${i}.0/24` }, `secret of ${i}`)).toBe(0);
    expect(letIn(east).sort()).toEqual(['road0', 'road37', `road${COUNT - 1}`]);
    expect(east.plane.mistakes).toEqual([]);
  });

  test.each([
    ['the secret of another', { leftid: '@w37', rightsubnet: '10.9.37.0/24' }, 'secret of 38'],
    ['the name of nobody here', { leftid: '@w60', rightsubnet: '10.9.37.0/24' }, 'secret of 37'],
    ['a name with more to it', { leftid: '@w3', rightid: '@east.example' }, 'secret of 3'],
    ['the same text as another kind', { leftid: '@#7733', rightsubnet: '10.9.3.0/24' }, 'secret of 3'],
    ['nobody’s proof', { leftid: '@w3', authby: 'null', rightsubnet: '10.9.3.0/24' }, 'secret of 3'],
  ])('%s lets nobody in', (_, changes, secret) => {
    const { east, comes } = hub();
    expect(comes(changes, secret)).not.toBe(0);
    expect(letIn(east)).toEqual([]);
    expect(east.plane.sas.size).toBe(0);
  });

  test('whoever asks for the subnet of another gets no tunnel', () => {
    const { east, comes } = hub();
    expect(comes({ leftid: '@w3', rightsubnet: '10.9.4.0/24' }, 'secret of 3')).not.toBe(0);
    expect(east.plane.sas.size).toBe(0);
  });

  test('only those that name it are looked at, and those that name nobody', () => {
    const { east } = hub(conn('open', { left: '%any', leftid: '%any', leftsubnet: undefined }));
    const found = east.world.registry.candidates(Address.parse(EAST)!, Address.parse('203.0.113.9')!, Id.parse('@w7'));
    expect(found.map(({ name }) => name)).toEqual(['road7', 'open']);
  });
});

describe('of templates that take anybody', () => {
  const anybody = { left: '%any', leftid: '%any', leftsubnet: undefined };
  const two = conn('one', { ...anybody, rightid: '@one' }) + conn('two', { ...anybody, rightid: '@two' });
  const pair = (secrets = '%any : PSK "swordfish"\n') => town({ east: { conf: two, secrets } });
  const asking = (made: ReturnType<typeof pair>, rightid: string) => {
    const address = '198.51.100.1';
    const conf = conn('home', { left: address, leftid: '@me', leftsubnet: undefined, rightid, keyingtries: '1' });
    const secrets = '%any : PSK "swordfish"\n';
    return new House('me', made.clock, made.wire, { address, conf, secrets }).whack({ kind: 'initiate', name: 'home' });
  };

  test.each(['one', 'two'])('the peer says whom it wants to meet: @%s', (name) => {
    const made = pair();
    expect(asking(made, `@${name}`).exit).toBe(0);
    expect(letIn(made.east)).toEqual([name]);
  });

  test('one that wants somebody else meets nobody', () => {
    const made = pair();
    expect(asking(made, '@three').exit).not.toBe(0);
    expect(letIn(made.east)).toEqual([]);
    expect(made.east.log).toContainEqual(expect.stringContaining("that is '@three' here"));
  });

  test('the one that has what it takes: the other has no secret, and no key', () => {
    const secrets = '@two %any : PSK "swordfish"\n';
    const conf = conn('keys', { ...anybody, rightid: '@two', authby: 'ecdsa' }) + two;
    const made = town({ east: { conf, secrets } });
    expect(asking(made, '@one').exit).not.toBe(0);
    expect(asking(made, '@two').exit).toBe(0);
    expect(letIn(made.east)).toEqual(['two']);
  });
});
