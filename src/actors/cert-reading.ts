/** A rereading of the certificates' files, as the log and whoever has asked for it are told. */
import type { CertificateStore, StoreDir } from '../services/store/certificate-store.ts';
import type { World } from './world.ts';

export interface Telling {
  readonly log: World['log'];
  readonly say: (text: string) => void;
  /** Absent: all. */
  readonly dirs?: readonly StoreDir[];
}

/** In steps of a file. SAs that are up are none of its business. */
export function* rereading(store: CertificateStore, { log, say, dirs }: Telling): Generator<undefined, void> {
  const tell = (level: 'info' | 'warn', text: string) => say(log(level, text));
  const { changed, gone, certificates, authorities, crls } = yield* store.rereading(
    (text) => void tell('warn', text),
    dirs,
  );
  const there = `${counted(certificates, 'certificate')}, ${counted(authorities, 'authority', 'authorities')}, ${counted(crls, 'CRL')}`;
  const news = changed + gone === 0 ? 'nothing new' : `${counted(changed, 'file')} new or changed, ${gone} gone`;
  tell('info', `certificates in "${store.dir}": ${there} (${news})`);
}

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
