/** The address that everything of this site lies under: `/`, or the path where a proxy serves it. */

export const BASE = new URL('../../../', import.meta.url);
export const API = new URL('api/v1/', BASE);
