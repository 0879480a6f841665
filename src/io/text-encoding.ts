// Text files of Windows programs: a byte order mark, or UTF-16, which Windows PowerShell 5.1 writes.

export const dropByteOrderMark = (text: string): string => (text.startsWith('\ufeff') ? text.slice(1) : text);

/** True for UTF-16, by its byte order mark or because every other byte of its first characters is zero. */
export function isUtf16(bytes: Uint8Array): boolean {
  const [first, second, third, fourth] = bytes;
  if (first === undefined || second === undefined) return false;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const isLittleEndian = first !== 0 && second === 0 && third !== 0 && fourth === 0;
  const isBigEndian = first === 0 && second !== 0 && third === 0 && fourth !== 0;
  return bytes.length >= 4 && (isLittleEndian || isBigEndian);
}
