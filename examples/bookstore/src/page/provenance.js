// Reads what the server said about this very answer (not about a second request, which could be answered otherwise).
addEventListener("load", () => {
  const entry = performance.getEntriesByType("navigation")[0];
  const said = new Map((entry?.serverTiming ?? []).map((metric) => [metric.name, metric]));
  if (!said.has("total")) return;
  const find = (id) => document.getElementById(id);
  const time = (ms) => (ms >= 1000 ? `${Math.round(ms / 1000)} s` : ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(2)} ms`);
  const cached = said.get("cache")?.description === "hit";
  find("source").textContent = cached ? "from the cache" : "computed";
  find("provenance").dataset.source = cached ? "cache" : "computed";
  find("age").textContent = cached ? time(said.get("age")?.duration ?? 0) : "0 s";
  find("took").textContent = time(said.get("total").duration);
  find("told").hidden = false;
  const tags = (said.get("tags")?.description ?? "").split(" ").filter(Boolean);
  find("tags").hidden = tags.length === 0;
  find("count").textContent = tags.length === 1 ? "1 tag" : `${tags.length} tags`;
  find("tags").querySelector("ul").replaceChildren(...tags.map((tag) => {
    const item = document.createElement("li");
    item.textContent = tag;
    return item;
  }));
});
// A page that the browser kept alive for its Back button is older than anything the server would answer now.
addEventListener("pageshow", (event) => event.persisted && location.reload());
