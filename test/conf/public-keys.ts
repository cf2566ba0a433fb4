/** Public keys made for the tests alone, as files write them. */

/** 2048 bits, RFC 3110. */
export const RSA_KEY =
  '0sAwEAAeWk7BxBY2RlsV+KoBuD8JxDO3RgagRx0jBE1p+IHgW4/EmBlOXVhoy7F3NAGLWwHpFDJwWPmUMZxBQ3wnobJBBh2NUGyN' +
  'C+vbY71sMjlEyM5A+H/at8hwQbtrx9KCuYRa0EQeIt8HPX1MAivf1MUJQArLPnMeMQyue3laLKN5ZJ6smSs14cZoVOk9cYlrKayw' +
  'wZWnN95JuN1Vi8Dha2Dg/gUY0AeIjA/EnSoCA6RVJv7xUI7+3x+LAlO46Qd6kpPknLILk4TQGnyemeQeWhawrnjMhFynhK2PznqN' +
  'a8QGRb7FnNcmXw05MluB1jtgH87/p8867jhR1vFE8IkksO8J0=';

/** P-256: the point, and the whole as SubjectPublicKeyInfo. */
export const ECDSA_POINT = '0saKIwa9pfpj+I+Df1g/kDl17Xyk3rlP7UMJ5c1cL06Wa+Tt9QY7Ag26ryYR08EBoKCNPRs24GBDDqU+A606zQfw==';
export const ECDSA_KEY =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaKIwa9pfpj+I+Df1g/kDl17Xyk3rlP7UMJ5c1cL06Wa+Tt9QY7Ag26ryYR08EBoK' +
  'CNPRs24GBDDqU+A606zQfw==';

/** Ed25519, SubjectPublicKeyInfo. */
export const ED25519_KEY = 'MCowBQYDK2VwAyEAy3DQwLJd9gmB3th4HumVLsf+9F4M7x5wIoOrdx9gFDQ=';
