/**
 * `?embed=1`: a page to be put into another one. It shows, and scrubs, and has none of the controls; a link opens the whole.
 * The style sheet hides what is not for it.
 */

export const embedded = new URLSearchParams(location.search).get("embed") === "1";
if (embedded) document.body.classList.add("embed");

/** What keeps the flag in an address that this page writes. */
export const QUERY = embedded ? "?embed=1" : "";

/** The snippet that puts this run into another page. @param {string} url of the run, with what is looked at @param {string} title for those who hear the page */
export function snippet(url, title) {
  const source = new URL(url, location.href);
  source.search = "?embed=1";
  return `<iframe src="${quoted(source.href)}" title="${quoted(title)}" width="100%" height="720" loading="lazy" style="border: 0"></iframe>`;
}

/** @param {string} text as the value of an attribute */
const quoted = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
