/** An answer that is taken as it is says what its XML would have said. */

import { expect, it } from 'vitest';
import { listOf, parseXml, plainDocument, xmlDocument } from '../../local/http/xml.ts';
import fc from '../fast-check.ts';

const text = fc.stringMatching(/^[a-z<&>"-]{1,8}$/);
const object = fc.record(
  { Key: text, Size: fc.nat(), IsLatest: fc.boolean(), Gone: fc.constant(undefined) },
  { requiredKeys: ['Key'] },
);
const page = fc.record({ Name: text, KeyCount: fc.nat(), Contents: fc.array(object), Next: fc.option(text) });

it('reads as the document does', () => {
  fc.assert(
    fc.property(page, (value) => {
      const read = parseXml(xmlDocument('Page', value), 'Page');

      const taken = plainDocument(value);

      // A list of one cannot be told from its element in XML.
      const { Contents: inText, ...others } = read ?? {};
      const { Contents: asIs, ...plain } = taken;
      expect(listOf(asIs)).toEqual(listOf(inText));
      const { Next: next, ...present } = plain;
      expect(next === null ? present : plain).toEqual(others);
    }),
  );
});
