// Pictures of objects: zoom with wheel, buttons and keys, pan by dragging; search; the way through a box.
(function () {
  "use strict";
  const STEP = 1.4;
  const MOVED = 4; // pixels: from there on a click was a drag

  // What is drawn: boxes with their facts, and arrows by their ends. Ids are FIGURE-BOX and FIGURE-SRC-DST-NUMBER.
  function read(figure, svg) {
    const boxes = new Map();
    const arrows = [];
    const own = (element) => element.id.slice(figure.id.length + 1);
    const factsOf = (element) => {
      const link = element.querySelector("a");
      return link ? link.getAttributeNS("http://www.w3.org/1999/xlink", "title") || "" : "";
    };
    svg.querySelectorAll("g.node").forEach((element) => {
      const lines = [...element.querySelectorAll("text")].map((text) => text.textContent);
      boxes.set(own(element), { element, facts: factsOf(element), name: lines.join(" "), lines, in: [], out: [] });
    });
    svg.querySelectorAll("g.edge").forEach((element) => {
      const [src, dst] = own(element).split("-");
      if (!boxes.has(src) || !boxes.has(dst)) return;
      const arrow = { element, src, dst };
      arrows.push(arrow);
      boxes.get(src).out.push(arrow);
      boxes.get(dst).in.push(arrow);
    });
    return { boxes, arrows };
  }

  // The shortest way from a box to one that is wanted: arrows, none if there is no such way.
  function findWay(boxes, from, direction, wanted) {
    const came = new Map([[from, null]]);
    const queue = [from];
    for (let at; (at = queue.shift()) !== undefined;) {
      if (wanted(boxes.get(at))) {
        const way = [];
        for (let arrow; (arrow = came.get(at)); at = direction === "out" ? arrow.src : arrow.dst) way.push(arrow);
        return way;
      }
      for (const arrow of boxes.get(at)[direction]) {
        const next = direction === "out" ? arrow.dst : arrow.src;
        if (came.has(next)) continue;
        came.set(next, arrow);
        queue.push(next);
      }
    }
    return [];
  }

  const isTarget = (box) => box.element.classList.contains("target");
  const isStart = (box) => !box.in.length || /^(module|thread)\b/.test(box.facts) || box.element.classList.contains("root");

  function setUp(figure) {
    const svg = figure.querySelector(".canvas > svg");
    if (!svg || !window.svgPanZoom) return;
    const alone = document.querySelectorAll("main > *").length === 1;
    const height = svg.viewBox.baseVal.height || 1;
    const canvas = figure.querySelector(".canvas");
    const search = figure.querySelector("input");
    const status = figure.querySelector("[role=status]");
    const panel = figure.querySelector(".facts");
    const { boxes, arrows } = read(figure, svg);
    // Set here, since the library would do it by an attribute that the policy of the page forbids.
    svg.style.overflow = "hidden";
    figure.classList.add("live");
    document.body.classList.toggle("alone", alone);
    figure.querySelector(".tools").hidden = false;
    // As high as the picture at its own size, within what a screen shows; alone on a page it has all of that.
    const setHeight = () => {
      const room = alone ? window.innerHeight - canvas.getBoundingClientRect().top - window.scrollY - 18
        : Math.min(height * 1.34, window.innerHeight * 0.75);
      canvas.style.height = Math.round(Math.max(room, 160)) + "px";
    };
    setHeight();
    svg.setAttribute("width", "100%");
    svg.setAttribute("height", "100%");
    const zoom = window.svgPanZoom(svg, {
      fit: true, center: true, minZoom: 0.2, maxZoom: 40, dblClickZoomEnabled: false, mouseWheelZoomEnabled: false,
    });
    const fit = () => {
      setHeight();
      zoom.resize();
      zoom.fit();
      zoom.center();
      // A small picture is not blown up.
      const own = (4 / 3) / zoom.getSizes().realZoom;
      if (own < 1) {
        zoom.zoom(own);
        zoom.center();
      }
    };

    const show = (box) => {
      const around = svg.getBoundingClientRect();
      const place = box.element.getBoundingClientRect();
      if (place.left >= around.left && place.right <= around.right && place.top >= around.top && place.bottom <= around.bottom) return;
      zoom.panBy({
        x: around.left + around.width / 2 - place.left - place.width / 2,
        y: around.top + around.height / 2 - place.top - place.height / 2,
      });
    };
    const clear = () => {
      figure.classList.remove("chosen");
      svg.querySelectorAll(".lit, .here").forEach((element) => element.classList.remove("lit", "here"));
      panel.hidden = true;
    };
    // Lights the way that leads through a box: from a module or another start to it, and from it to what was asked about.
    const choose = (name) => {
      const box = boxes.get(name);
      clear();
      figure.classList.add("chosen");
      box.element.classList.add("lit", "here");
      for (const arrow of [...findWay(boxes, name, "in", isStart), ...findWay(boxes, name, "out", isTarget)]) {
        arrow.element.classList.add("lit");
        boxes.get(arrow.src).element.classList.add("lit");
        boxes.get(arrow.dst).element.classList.add("lit");
      }
      panel.replaceChildren(...box.facts.split("\n").map((line) => {
        const row = document.createElement("div");
        row.textContent = line;
        return row;
      }));
      panel.hidden = false;
      show(box);
    };

    let found = [];
    let at = -1;
    const find = () => {
      const words = search.value.toLowerCase().trim();
      svg.querySelectorAll(".found").forEach((element) => element.classList.remove("found"));
      found = words ? [...boxes.keys()].filter((name) => {
        const box = boxes.get(name);
        return !box.element.classList.contains("legend") && (box.facts + " " + box.name).toLowerCase().includes(words);
      }) : [];
      found.forEach((name) => boxes.get(name).element.classList.add("found"));
      at = -1;
      status.textContent = words ? found.length + " found" : "";
    };
    const next = (step) => {
      if (!found.length) return;
      at = (at + step + found.length) % found.length;
      choose(found[at]);
      status.textContent = at + 1 + " of " + found.length;
    };
    search.addEventListener("input", find);
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") next(event.shiftKey ? -1 : 1);
      else if (event.key === "Escape") { search.value = ""; find(); clear(); canvas.focus(); }
      else return;
      event.preventDefault();
    });

    const does = { in: () => zoom.zoomBy(STEP), out: () => zoom.zoomBy(1 / STEP), fit };
    fit();
    window.addEventListener("resize", fit);
    figure.querySelectorAll(".tools [data-do]").forEach((button) => {
      button.addEventListener("click", () => does[button.dataset.do]());
    });

    let pressed = null;
    svg.addEventListener("mousedown", (event) => { pressed = [event.clientX, event.clientY]; });
    svg.addEventListener("click", (event) => {
      if (pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > MOVED) return;
      const element = event.target.closest("g.node");
      if (element && boxes.has(element.id.slice(figure.id.length + 1))) choose(element.id.slice(figure.id.length + 1));
      else clear();
    });
    boxes.forEach((box, name) => {
      if (box.element.classList.contains("legend")) return;
      box.element.setAttribute("tabindex", "0");
      box.element.setAttribute("role", "button");
      box.element.setAttribute("aria-label", box.name);
      box.element.addEventListener("focus", () => show(box));
      box.element.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        choose(name);
        event.preventDefault();
        event.stopPropagation();
      });
    });

    // The wheel alone scrolls the page; with Ctrl, or once the picture was clicked, or alone on its page, it zooms.
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "group");
    canvas.setAttribute("aria-label", figure.getAttribute("aria-label") +
      ": plus and minus zoom, arrows move, 0 fits, slash searches, Tab goes from box to box");
    canvas.addEventListener("wheel", (event) => {
      if (!alone && !event.ctrlKey && !canvas.contains(document.activeElement)) return;
      event.preventDefault();
      const box = svg.getBoundingClientRect();
      zoom.zoomAtPointBy(event.deltaY < 0 ? STEP : 1 / STEP, { x: event.clientX - box.left, y: event.clientY - box.top });
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "+" || event.key === "=") does.in();
      else if (event.key === "-") does.out();
      else if (event.key === "0") does.fit();
      else if (event.key === "/") search.focus();
      else if (event.key === "Escape") clear();
      else if (moves[event.key]) zoom.panBy({ x: moves[event.key][0], y: moves[event.key][1] });
      else return;
      event.preventDefault();
    });
  }

  document.querySelectorAll("figure.graph").forEach(setUp);
})();
