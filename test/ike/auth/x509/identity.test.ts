import { describe, expect, test } from 'vitest';
import { accepted, refusal } from '../checking.ts';
import { altNames, another, ca, certificate, directory, dns, email, ip, uri } from './make.ts';

const root = ca({ subject: 'CN=root', key: another('p256', 1) });
const east = certificate({
  ...{ subject: 'C=AT, O=Test, CN=east.example', issuer: root },
  extensions: [
    altNames(
      dns('vpn.example'),
      dns('*.wild.example'),
      email('Road@Warrior.example'),
      ip(192, 0, 2, 1),
      uri('http://u.example'),
      ip(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
      directory('CN=alias'),
    ),
  ],
});
const bare = certificate({ subject: 'CN=east.example', issuer: root });

describe('an identity is', () => {
  test.each([
    '@vpn.example',
    '@VPN.Example',
    '@vpn.example.',
    'road@warrior.EXAMPLE',
    '192.0.2.1',
    '2001:db8::1',
    'C=AT, O=Test, CN=east.example',
    'c=at, o=TEST, cn=East.Example',
    '@*.wild.example',
  ])('%s', (as) => {
    expect(accepted([east], { anchors: [root] }, { as }).names).toHaveLength(2);
  });
});

describe('an identity is not', () => {
  test.each([
    ['@east.example', 'the identity "@east.example" is not among its subjectAltNames'],
    ['@a.wild.example', 'the identity "@a.wild.example" is not among'],
    ['@u.example', 'is not among'],
    ['@xvpn.example', 'is not among'],
    ['@vpn.example.org', 'is not among'],
    ['@warrior.example', 'is not among'],
    ['someone@warrior.example', 'is not among'],
    ['192.0.2.2', 'the identity "192.0.2.2" is not among'],
    ['2001:db8::2', 'is not among'],
    ['CN=alias', 'its subject is not the identity "CN=alias"'],
    ['C=AT, O=Test', 'its subject is not the identity'],
    ['CN=east.example, O=Test, C=AT', 'its subject is not the identity'],
    ['C=*, O=*, CN=*', 'its subject is not the identity "C=*, O=*, CN=*"'],
    ['@[vpn.example]', 'no certificate names an identity of type ID_KEY_ID'],
    ['%null', 'no certificate names an identity of type ID_NULL'],
  ])('%s', (as, why) => {
    const said = refusal([east], { anchors: [root] }, { as });
    expect(said).toMatch('certificate-name: certificate "C=AT, O=Test, CN=east.example": ');
    expect(said).toMatch(why);
  });

  test('the common name', () => {
    expect(refusal([bare], { anchors: [root] }, { as: '@east.example' })).toMatch('not among');
    expect(accepted([bare], { anchors: [root] }, { as: 'CN=east.example' }).names).toHaveLength(2);
  });

  test('printed at any length, or with anything that a terminal would act upon', () => {
    const as = `@${'x'.repeat(1000)}`;
    expect(refusal([east], { anchors: [root] }, { as }).length).toBeLessThan(400);
    expect(refusal([east], { anchors: [root] }, { id: Uint8Array.of(2, 27, 91, 50, 74) })).toMatch('"@?[2J"');
  });
});

test('a connection may do without', () => {
  expect(accepted([bare], { anchors: [root] }, { as: '@[anybody]', flags: 0 }).names).toHaveLength(2);
});
