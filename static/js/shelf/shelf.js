/**
 * The reader's shelf: stars, read marks, tags and notes, kept in this browser (IndexedDB) and sent nowhere.
 *
 * All of it is in memory once opened, so that a page asks without waiting; each change is written through, and the
 * other tabs are told which papers it was about.
 */

import {
  MOST_RECORDS,
  TooMuch,
  checkBounds,
  emptyRecord,
  isEmpty,
  merged,
  wellFormed,
} from './shelf-records.js';

/** @typedef {import('./shelf-records.js').ShelfRecord} ShelfRecord */

const NAME = 'quire-shelf';
const STORE = 'papers';
const VERSION = 1;

/** @type {Map<string, ShelfRecord>} */
const records = new Map();
const changes = new EventTarget();
const channel = new BroadcastChannel(NAME);

/** @type {Promise<IDBDatabase> | null} */
let opening = null;

/**
 * The database, with what it holds in memory. Rejects where the browser keeps nothing for this page.
 * @returns {Promise<IDBDatabase>}
 */
function database() {
  opening ??= open().then(async (opened) => {
    opened.onversionchange = () => opened.close();
    await refresh(opened, null);
    return opened;
  });
  return opening;
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('another tab holds an older shelf open'));
  });
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Reads what is kept about these papers, or about all. @param {IDBDatabase} opened @param {string[] | null} ids */
async function refresh(opened, ids) {
  const store = opened.transaction(STORE).objectStore(STORE);
  if (ids === null) {
    records.clear();
    for (const kept of await answer(store.getAll())) {
      const record = wellFormed(kept);
      if (record) records.set(record.id, record);
      else console.warn('not a record of the shelf', kept);
    }
    return;
  }
  const found = await Promise.all(ids.map((id) => answer(store.get(id))));
  for (const [index, id] of ids.entries()) {
    const record = wellFormed(found[index]);
    if (record) records.set(id, record);
    else records.delete(id);
  }
}

/**
 * Reads each paper's record, changes it and writes it back, in one transaction that other tabs wait for.
 * What throws while it checks leaves all as it was.
 * @param {string[]} ids @param {(record: ShelfRecord) => ShelfRecord} change
 * @param {(count: number, written: Iterable<ShelfRecord>) => void} [check] is called with how many papers are kept then
 */
async function update(ids, change, check) {
  const opened = await database();
  /** @type {unknown} */
  let refused;
  const transaction = opened.transaction(STORE, 'readwrite', { durability: 'strict' });
  const done = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(refused ?? transaction.error);
  });
  const store = transaction.objectStore(STORE);
  /** @type {Map<string, ShelfRecord>} */
  const written = new Map();
  let left = ids.length;
  const checkAll = (/** @type {NonNullable<typeof check>} */ checkThem) => {
    const counting = store.count(); // after all that was written
    counting.onsuccess = () => {
      try {
        checkThem(counting.result, written.values());
      } catch (error) {
        refused = error;
        transaction.abort();
      }
    };
  };
  for (const id of ids) {
    const request = store.get(id);
    request.onsuccess = () => {
      const record = change(wellFormed(request.result) ?? emptyRecord(id));
      if (isEmpty(record)) store.delete(id);
      else store.put(record);
      written.set(id, record);
      left -= 1;
      if (left === 0 && check) checkAll(check);
    };
  }
  await done;
  for (const [id, record] of written) {
    if (isEmpty(record)) records.delete(id);
    else records.set(id, record);
  }
  channel.postMessage(ids);
  announce(ids);
}

/** @param {string[]} ids */
const announce = (ids) => changes.dispatchEvent(new CustomEvent('change', { detail: ids }));

channel.addEventListener('message', async ({ data }) => {
  try {
    await refresh(await database(), data);
    announce(data);
  } catch (error) {
    console.warn(error); // this tab shows what it had; its next change says that nothing can be kept
  }
});

export const shelf = {
  /** Must have been awaited before anything is asked; rejects where nothing can be kept. */
  ready: () => database().then(() => undefined),

  /** What is kept about a paper. @param {string} id */
  of: (id) => records.get(id) ?? emptyRecord(id),

  /** All that is kept, the newest star first, then what has none. */
  all: () =>
    [...records.values()].sort(
      (one, other) =>
        (other.starred ?? '').localeCompare(one.starred ?? '') || one.id.localeCompare(other.id),
    ),

  /** @param {string} id @param {Partial<ShelfRecord>} values */
  set: (id, values) => update([id], (record) => ({ ...record, ...values, id })),

  /** The same values for many papers. @param {string[]} ids @param {Partial<ShelfRecord>} values */
  setAll: (ids, values) => update(ids, (record) => ({ ...record, ...values, id: record.id })),

  /**
   * Adds records to what is kept; nothing that is there is lost. Rejects with TooMuch, and keeps none of them, where a file
   * could not hold all of it.
   * @param {ShelfRecord[]} arriving
   */
  async merge(arriving) {
    const byId = new Map();
    for (const record of arriving)
      byId.set(record.id, merged(byId.get(record.id) ?? emptyRecord(record.id), record));
    await update(
      [...byId.keys()],
      (record) => merged(record, byId.get(record.id)),
      (count, written) => {
        if (count > MOST_RECORDS) throw new TooMuch('tooManyPapers', { most: MOST_RECORDS });
        for (const record of written) checkBounds(record);
      },
    );
  },

  /** Calls with the ids of papers whenever what is kept about them changed, here or in another tab. @param {(ids: string[]) => void} listener */
  onChange: (listener) =>
    changes.addEventListener('change', (event) =>
      listener(/** @type {CustomEvent<string[]>} */ (event).detail),
    ),
};
