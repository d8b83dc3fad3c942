/* What a report does when it is open: the plots, the search, one product. All data is in the file,
   and every text of it becomes the text of an element, never markup. */
"use strict";
(async () => {
  const MOST_RESULTS = 30;
  const $ = (id) => document.getElementById(id);

  async function unpacked(id) {
    const bytes = Uint8Array.from(atob($(id).textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  function summed(differences) {
    let at = 0;
    return differences.map((difference) => (at += difference));
  }

  /* The plots, and their colours by the scheme of the system. */
  Bokeh.set_log_level("error");
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function paint() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue("--" + name).trim();
    const faint = colour("faint"), line = colour("line"), paper = colour("paper");
    for (const doc of Bokeh.documents) {
      for (const model of doc.all_models) {
        const has = (name) => name in model.properties;
        if (has("major_label_text_color")) {
          model.setv({ major_label_text_color: faint, axis_line_color: line,
            major_tick_line_color: line });
        } else if (has("grid_line_color")) {
          model.setv({ grid_line_color: line });
        } else if (has("border_fill_color") && has("background_fill_color") && has("x_range")) {
          /* Without a colour of its own nothing would wipe out what was drawn there before. */
          model.setv({ outline_line_color: line, border_fill_color: paper,
            background_fill_color: paper });
        }
        if (!model.tags.length) continue;
        const given = { value: colour(model.tags[0]) };
        if (has("fill_color")) model.setv({ fill_color: given });
        if (has("line_color") && !model.tags.includes("area")) model.setv({ line_color: given });
      }
    }
    document.documentElement.dataset.scheme = dark.matches ? "dark" : "light";
  }

  async function plotted() {
    for (const item of await unpacked("data-plots")) {
      if ($(item.target_id)) await Bokeh.embed.embed_item(item);
    }
    paint();
    dark.addEventListener("change", paint);
  }

  /* The products. */
  const search = $("search");
  let names, links, courses, lower, shown;

  function nameOf(place) {
    return names.titles[place] || names.keys[place];
  }

  /* Small letters without accents: who looks for "cafe" means "Café", too. */
  function folded(text) {
    return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  }

  function look() {
    const words = folded(search.value).split(/\s+/).filter(Boolean);
    const results = $("results");
    results.replaceChildren();
    if (!words.length) {
      $("found").textContent = "";
      return;
    }
    let count = 0;
    for (let place = 0; place < lower.length; place++) {
      if (!words.every((word) => lower[place].includes(word))) continue;
      if (++count <= MOST_RESULTS) results.append(result(place));
    }
    $("found").textContent = count === 0 ? "No product has that in its name or key."
      : count === 1 ? "1 product"
        : count <= MOST_RESULTS ? `${count} products`
          : `${count.toLocaleString("en")} products, of which the first ${MOST_RESULTS}`;
  }

  function result(place) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = nameOf(place);
    if (names.titles[place]) {
      const key = document.createElement("small");
      key.textContent = names.keys[place];
      button.append(key);
    }
    button.addEventListener("click", () => choose(place));
    item.append(button);
    return item;
  }

  function onArrow(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const buttons = [search, ...$("results").querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const next = buttons[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }

  function choose(place) {
    show(place);
    $("results").replaceChildren();
    $("product-name").focus();
    $("product").scrollIntoView({ block: "nearest" });
  }

  function show(place) {
    shown = place;
    $("product").hidden = false;
    $("product-name").textContent = nameOf(place);
    $("product-facts").textContent = "Key " + names.keys[place]
      + (names.isGone.has(place) ? " · gone" : "")
      + (names.isLeft.has(place) ? " · not followed any more" : "");
    const link = links[place];
    $("product-link").parentElement.hidden = !link;
    if (link) $("product-link").href = link;
    if (courses.length) draw();
  }

  function amount(value, course, place) {
    if (value === null) return "—";
    if (course.type === "boolean") return value ? "yes" : "no";
    let text = typeof value === "string" ? value : String(value);
    if (course.type === "money" && !text.includes("e")) {
      const [whole, decimals = ""] = text.split(".");
      text = whole + "." + decimals.padEnd(2, "0");
    }
    const currency = course.currencies[course.currency[place]];
    return currency ? `${text} ${currency}` : text;
  }

  function when(seconds) {
    return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
  }

  function draw() {
    const course = courses[$("column").selectedIndex];
    const plot = Bokeh.documents.find((doc) => doc.get_model_by_name("points"));
    const from = course.starts[shown], to = course.starts[shown + 1];
    const line = { x: [], y: [] }, points = { x: [], y: [], told: [] };
    const rows = [];
    let last = NaN;
    for (let place = from; place < to; place++) {
      const x = course.times[place] * 1000;
      const value = course.values[place];
      const y = value === null ? NaN : Number(value);
      const told = amount(value, course, shown);
      line.x.push(x, x);
      line.y.push(last, y);
      if (value !== null) {
        points.x.push(x);
        points.y.push(y);
        points.told.push(`${told}, from ${when(x / 1000)}`);
      }
      rows.push([when(x / 1000), told]);
      last = y;
    }
    if (to > from) {
      line.x.push(names.until[shown] * 1000);
      line.y.push(last);
    }
    if (plot) {
      plot.get_model_by_name("line").data = line;
      plot.get_model_by_name("points").data = points;
    }
    $("product-plot").setAttribute("aria-label",
      `Plot of ${course.name}: ${points.x.length} values; they are in the table below`);
    const isMixed = course.isMixed.has(shown);
    $("product-note").hidden = points.x.length > 0 && !isMixed;
    $("product-note").textContent = isMixed
      ? "It had prices in other currencies, too, which are not drawn." : "It has no value here.";
    $("product-values").replaceChildren(...rows.reverse().map(asRow));
  }

  function asRow(cells) {
    const row = document.createElement("tr");
    cells.forEach((text, place) => {
      const cell = document.createElement("td");
      if (place) cell.className = "number";
      cell.textContent = text;
      row.append(cell);
    });
    return row;
  }

  async function readProducts() {
    names = await unpacked("data-names");
    names.until = summed(names.until);
    names.isGone = new Set(names.gone);
    names.isLeft = new Set(names.left);
    lower = names.keys.map((key, place) => folded(`${names.titles[place] || ""} ${key}`));
    links = $("data-links") ? await unpacked("data-links") : [];
    courses = [];
    for (let place = 0; $(`data-course-${place}`); place++) {
      const course = await unpacked(`data-course-${place}`);
      course.times = summed(course.times);
      course.starts = [0, ...summed(course.counts)];
      course.isMixed = new Set(course.mixed);
      courses.push(course);
      $("column").append(new Option(course.name));
    }
    const hasOne = courses.length > 0;
    for (const id of ["column", "column-label", "product-plot", "product-all"]) $(id).hidden = !hasOne;
    search.addEventListener("input", look);
    search.addEventListener("focus", look);
    $("find").addEventListener("keydown", onArrow);
    $("column").addEventListener("change", draw);
    for (const button of document.querySelectorAll("button[data-product]")) {
      button.disabled = false;
      button.addEventListener("click", () => choose(Number(button.dataset.product)));
    }
    const first = document.querySelector("button[data-product]");
    show(first ? Number(first.dataset.product) : 0);
    look();
  }

  try {
    await plotted();
    if (search) await readProducts();
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    const problem = $("problem");
    if (problem) {
      problem.hidden = false;
      problem.textContent = "This browser cannot show the plots. The tables are complete.";
    }
    throw error;
  }
})();
