// On the page of a partition that failed: why, below Dagster's sentence that its run failed.
//
// Dagster's page of a partition tells of successes alone and has no place for a failure. This adds
// one line to it, asked of the same GraphQL as everything else there. All of it is text, no markup.

(() => {
  const FAILED = "failed, and did not materialize this asset.";
  const MARK = "catalog-pipeline-reason";
  const QUERY = `query FailedPartition($key: AssetKeyInput!, $partition: String!) {
    assetOrError(assetKey: $key) {
      ... on Asset {
        assetEventHistory(
          partitions: [$partition], limit: 1, eventTypeSelectors: [FAILED_TO_MATERIALIZE]
        ) {
          results {
            ... on FailedToMaterializeEvent {
              metadataEntries {
                label ... on TextMetadataEntry { text } ... on UrlMetadataEntry { url }
              }
            }
          }
        }
      }
    }
  }`;

  /** The key in the address of an asset's page: /assets/shop/product_pages?view=partitions. */
  function assetKey() {
    const [, path] = window.location.pathname.split("/assets/");
    return path ? path.split("/").filter(Boolean).map(decodeURIComponent) : null;
  }

  /** The banner of a failed run on a partition's page, and the partition; null on other pages. */
  function failedPartition() {
    const sentence = document.evaluate(
      `//*[text()[contains(., "${FAILED}")]]`, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE
    ).singleNodeValue;
    for (let banner = sentence; banner?.parentElement; banner = banner.parentElement) {
      const heading = banner.parentElement.querySelector("[data-tooltip]");
      if (heading && !banner.contains(heading)) {
        return { banner, partition: heading.dataset.tooltip };
      }
    }
    return null;
  }

  async function reasonOf(path, partition) {
    const answer = await fetch("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ query: QUERY, variables: { key: { path }, partition } }),
    });
    const events = (await answer.json()).data?.assetOrError?.assetEventHistory?.results ?? [];
    const entries = Object.fromEntries(
      (events[0]?.metadataEntries ?? []).map((entry) => [entry.label, entry.text ?? entry.url])
    );
    // The address is recorded once, beside the sentence.
    return entries.error?.replace(" at its address: ", () => ` ${entries.url}: `);
  }

  async function tell() {
    const path = assetKey();
    const found = path && failedPartition();
    if (!found) return;
    const subject = JSON.stringify([path, found.partition, found.banner.textContent]);
    const told = found.banner.parentElement.querySelector(`.${MARK}`);
    if (told?.dataset.subject === subject) return;
    told?.remove();
    const line = document.createElement("div");
    line.className = MARK;
    line.dataset.subject = subject;
    line.style = "padding: 16px 0; overflow-wrap: anywhere; white-space: pre-wrap";
    found.banner.after(line);
    const reason = await reasonOf(path, found.partition);
    if (reason) line.textContent = `Reason: ${reason}`;
  }

  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      tell();
    }, 200);
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
