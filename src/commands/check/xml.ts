// Text as XML 1.0 holds it. Pure.

/** What no XML document may hold, not even as a reference (XML 1.0 § 2.2, Char). */
const FORBIDDEN = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/**
 * The text for an element or an attribute. Characters that XML forbids are written as `\uXXXX`; white space
 * but the space becomes a reference, which an attribute would otherwise lose (XML 1.0 § 3.3.3).
 */
export function escapeXml(text: string): string {
  return text
    .replace(FORBIDDEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[&<>"']/g, (one) => REFERENCES[one] ?? one)
    .replace(/[\t\n\r]/g, (one) => `&#${one.charCodeAt(0)};`);
}
