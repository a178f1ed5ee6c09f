// Writes a rehearsal as a file, the same bytes for the same rehearsal: shrunk rehearsals are stored so and read again.

import type {Rehearsal} from '@etcd-encryption/host-sim';
import {Document, isCollection, visit} from 'yaml';
import {rehearsalFile} from './document.ts';

/** Longest line that the writer fills, characters; a long word goes beyond it. */
const lineWidth = 120;
/** Collections from this level on stand on one line where they fit. */
const flowDepth = 2;

/** YAML that {@link parseRehearsal} reads as an equal rehearsal. */
export function formatRehearsal(rehearsal: Rehearsal): string {
  const document = new Document(rehearsalFile.write(rehearsal), {version: '1.2'});
  visit(document, {
    Collection: (_, node, path) => {
      const depth = path.filter(isCollection).length;
      if (depth >= flowDepth || node.items.length === 0) node.flow = true;
    },
  });
  return document.toString({lineWidth, flowCollectionPadding: false});
}
