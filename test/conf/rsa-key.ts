/** A key made for the tests alone, and FreeS/WAN's way of writing one. */
import { RSA_FIELDS, type RsaField } from '../../src/conf/secret-entry.ts';

export type RsaText = Readonly<Record<RsaField, string>>;

export const KEY: RsaText = {
  Modulus:
    '0xd00893bd64ff9eababe5f7de92afc926cf9eb85303de50af306e5e78de1905fd099a6a62470f2bc33f18800c99550946f2f0b031d7102544e4e609b6e60d7fad8f337ee21737c19d6f12139cb8b59cd2f401d00d5cc692a086938c3ab1ef66598617cf2f53984ed7c35ce6fbd76f3718c50b8ba31dc72376b8cc13f9f5df64a5',
  PublicExponent: '0x010001',
  PrivateExponent:
    '0xa644f4afff353f003e97c310a574d1f4af24507629355a8f6aca0bbfd6e37121d8b70e28165b4dc2f37f05790c6426d20a01cd1148aea2daf987d263d8631993910091b0d499aa3c0cfdcbf41ed2562e3c58b6529472f8aea07b245e38db96123436b6107e5881046e319ef9bf4d4d8333e35b1df202f5742661f9ec960257d1',
  Prime1:
    '0xf1d0ecaebd874709b807ac61e1a3122bcbb03eaca94bc68fe10bf9331eed819580d12af6011ed17ab3cf6b6ddc9cf0d3ec45e3a97c8c33fc16565e71b42a3957',
  Prime2:
    '0xdc3c60bbd057a1dcee744c4805be97657a8277b17742823d0ea869cb0b0d3ccec2fab347e76fbcd6045c405caa3941ca25c8cef84b8060b1b9ca9c610f738863',
  Exponent1:
    '0x529e15ef51b3c15291bc9569cfc47e35d65ebddb11f060c3d198dca8599dbdd34d72a961e95a1529fdfb14f23118b1b3461b4ec01e5c6c7a694b52f33821e0fb',
  Exponent2:
    '0xd9c259635afd4aee485875944119d2586469dc2f7cdc262a78f3cca716a6601990709213e6a274f4a81b0f0890c74c65b436796ec83887633371426e35f8e641',
  Coefficient:
    '0x46d7f792743838019bd016e22cce6e87e3f5e8245bd2de5130b4259b139b1baa36af9c4aff9ddc62571e8e0811a3ddd8d2c6f5b7bcab945566cd003134134292',
};

/** `: RSA {` and its lines. */
export const braces = (key: RsaText): string =>
  [
    ': RSA {',
    '\t# RSA 1024 bits   west   Sat Mar  3 12:00:00 2001',
    '\t# for signatures only, UNSAFE FOR ENCRYPTION',
    ...RSA_FIELDS.map((name) => `\t${name}: ${key[name]}`),
    '\t# do not change the indenting of that "}"',
    '\t}',
    '',
  ].join('\n');
