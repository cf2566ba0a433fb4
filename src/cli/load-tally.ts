/** What pluto says of each frame of connections, summed up over all of them. */
export class LoadTally {
  #loaded: number | undefined = undefined;
  readonly #shared = new Map<string, { readonly text: string; count: number }>();

  /** False: a line that is to be printed as it is. */
  takes(line: string): boolean {
    const loaded = /^loaded (\d+) connections$/.exec(line);
    if (loaded) {
      this.#loaded = (this.#loaded ?? 0) + Number(loaded[1]);
      return true;
    }
    const shared = /^(.*?has no effect yet.*?)(?: \(so are (\d+) more\))?$/.exec(line);
    if (!shared) return false;
    const [, text, more = '0'] = shared;
    // What comes before is the first connection, or the place, that it is true of.
    const key = text.slice(text.indexOf(': ') + 2);
    const known = this.#shared.get(key);
    if (known) known.count += 1 + Number(more);
    else this.#shared.set(key, { text, count: 1 + Number(more) });
    return true;
  }

  lines(): readonly string[] {
    const shared = [...this.#shared.values()].map(({ text, count }) =>
      count === 1 ? text : `${text} (so are ${count - 1} more)`,
    );
    return this.#loaded === undefined ? shared : [...shared, `loaded ${this.#loaded} connections`];
  }
}
