/** The files a reader of configuration needs, as a port: tests hand it a record of texts. */
export interface FileSystem {
  /** The file as UTF-8 text, or why it cannot be read. */
  read(path: string): FileText | FileFault;
  /** Existing files that match a pattern with `*`, `?` and `[…]`, absolute and sorted; none is an empty list. */
  glob(pattern: string): readonly string[];
}

/** The same for files that hold secrets. */
export interface OctetFiles extends Pick<FileSystem, 'glob'> {
  /** The file as octets of the caller's own, who wipes them. */
  readOctets(path: string): FileOctets | FileFault;
}

export interface FileText {
  readonly text: string;
  /** Permission bits, where the system has them. */
  readonly mode?: number;
}

export interface FileOctets {
  readonly octets: Uint8Array;
  /** Permission bits, where the system has them. */
  readonly mode?: number;
  /** Its owner is neither root nor who we are. */
  readonly isForeign?: boolean;
}

export interface FileFault {
  /** `ENOENT`, `EACCES`, … */
  readonly errno: string;
}
