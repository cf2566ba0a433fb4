/** Text from a file as it may stand in a message: in quotes, short, nothing but printable ASCII. */
export const shown = (text: string): string =>
  `"${text.slice(0, 60).replace(/[^\x20-\x7e]/g, '?')}${text.length > 60 ? '…' : ''}"`;

/** Whether something in it would drive a terminal or turn a line around; a tab does neither. */
export const hasControl = (text: string): boolean =>
  /[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/.test(text);

/** Nothing that drives a terminal, or turns a line around; the rest as it is. */
export const harmless = (text: string): string =>
  text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');
