/** Text from a file as it may stand in a message: in quotes, short, nothing but printable ASCII. */
export const shown = (text: string): string =>
  `"${text.slice(0, 60).replace(/[^\x20-\x7e]/g, '?')}${text.length > 60 ? '…' : ''}"`;
