/** What this machine has. */
import { accessSync, constants } from 'node:fs';

/** Programs in sbin count, for ordinary users too. */
export function commandExists(name: string): boolean {
  return [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
