import { type Ledger, ledgerOn } from '../../../shared/ledger/ledger.ts';
import type { ObjectStore } from '../../../shared/ledger/object-store.ts';

/**
 * A ledger that has seen nothing each time it is asked, as a function that was just started: tests put facts in place of
 * others, which a ledger that has seen those need not hear of.
 */
export const freshLedger = (store: ObjectStore): Ledger => ({
  record: (schema, key, fact) => ledgerOn(store).record(schema, key, fact),
  read: (schema, key) => ledgerOn(store).read(schema, key),
  find: (schema, key) => ledgerOn(store).find(schema, key),
  point: (schema, key, change) => ledgerOn(store).point(schema, key, change),
  keys: (prefix) => ledgerOn(store).keys(prefix),
  write: (key, text) => ledgerOn(store).write(key, text),
});
