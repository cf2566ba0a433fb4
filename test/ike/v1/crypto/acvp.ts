/** Known answers of NIST's ACVP for kdf-components ikev1 with SHA-1, as libreswan's self-test has them. Hexadecimal. */
export const ACVP = [
  {
    name: 'a pre-shared key',
    psk: '75',
    gxy: '739003ba2c11c982946c65e26acf661fbf8ebb78011a9fead79efa12fe3e71cc',
    ni: 'b9a2d0e922dc66dd',
    nr: '2130166863b5ddef',
    cookies: '83d374c30b3b50825afc0da06c728029',
    skeyid: '62b04d112877e442fc3282fc37c076997718a0b9',
    d: '369e5aad1bdb5faf6a3d929d500cdc236710a9ab',
    a: '588e957d8d790d093b3a39f121473473af78e9bb',
    e: 'cd74b0c048219db81384d3fda8f6cda51e398a2b',
  },
  {
    name: 'signatures',
    psk: undefined,
    gxy: '8ba4cbc73c0187301dc19a975823854dbd641c597f637f8d053a83b9514673eb',
    ni: '69a62284195f1680',
    nr: '80c94ba25c8abda5',
    cookies: '8c3bcd3a69831d7fd2d9a7ff4fbe95a7',
    skeyid: '707197817fb2d90cf54d1842606bdea59b9f4823',
    d: '384be709a8a5e63c3ed160cfe3921c4b37d5b32d',
    a: '48b327575abe3adba0f279849e289022a13e2b47',
    e: 'a4a415c8e0c38c0da847c356cc61c24df8025560',
  },
] as const;
