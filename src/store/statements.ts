const NEXT_USE =
  'SELECT 1 + max(coalesce((SELECT max(used) FROM results), 0), coalesce((SELECT max(used) FROM artifacts), 0))';

/** A copy from another layer leaves `computed` as it is. */
export const KEEP_ROW = `
  INSERT INTO results(hash, kind, key, value, crc, artifact, bytes, computed, created, seen, used)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, (${NEXT_USE}))
  ON CONFLICT(hash) DO UPDATE SET value = ?4, crc = ?5, artifact = ?6, bytes = ?7, computed = computed + ?8,
    seen = ?9, used = excluded.used`;

export const KEEP_ARTIFACT = `
  INSERT INTO artifacts(hash, bytes, seen, used) VALUES (?1, ?2, ?3, (${NEXT_USE}))
  ON CONFLICT(hash) DO UPDATE SET seen = ?3, used = excluded.used`;

export const FIND_ROW = 'SELECT value, crc, artifact FROM results WHERE hash = ?1';
export const DROP_ROW = 'DELETE FROM results WHERE hash = ?1';
export const DROP_ARTIFACT = 'DELETE FROM artifacts WHERE hash = ?1';
export const TOUCH_ROW = `UPDATE results SET seen = ?2, used = (${NEXT_USE}) WHERE hash = ?1`;
export const TOUCH_ARTIFACT = `UPDATE artifacts SET seen = ?2, used = (${NEXT_USE}) WHERE hash = ?1`;
