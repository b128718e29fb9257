/** Fetches the next page of a list, as the document that the server made of it. What becomes of it is for list.js. */

const MANY = '200'; // papers in the largest page that the server gives

/**
 * @param {string} href @param {boolean} many as many papers at once as the server gives; the page after it has the usual number again
 * @returns {Promise<Document>}
 */
export async function fetchPage(href, many) {
  const address = new URL(href);
  const limit = address.searchParams.get('limit');
  if (many) address.searchParams.set('limit', MANY);
  const response = await fetch(address, { headers: { accept: 'text/html' } });
  if (!response.ok) throw new Error(String(response.status));
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const next = page.querySelector('.more a[rel="next"]');
  if (many && next) {
    const following = new URL(next.getAttribute('href') ?? '', address);
    if (limit === null) following.searchParams.delete('limit');
    else following.searchParams.set('limit', limit);
    next.setAttribute('href', following.href);
  }
  return page;
}
